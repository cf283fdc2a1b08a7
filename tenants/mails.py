"""Mails about directories, to those who administer them."""

from __future__ import annotations

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from outbox.content import MailContent, writes
from outbox.models import OutboxMail
from tenants.addresses import shown_domain
from tenants.models import DomainProof
from tenants.selectors import LAPSES_AFTER


@writes("tenants.proof_lost")
def proof_lost(mail: OutboxMail) -> MailContent:
    proof = DomainProof.objects.get(id=mail.context["proof"])
    domain = shown_domain(proof.domain_name)
    lapses = date_format(localtime(mail.created_at + LAPSES_AFTER), "DATE_FORMAT")
    return MailContent(
        subject=_("The DNS record of %(domain)s is missing") % {"domain": domain},
        heading=_("The DNS record of %(domain)s is missing") % {"domain": domain},
        paragraphs=[
            _(
                "On three days in a row, %(product)s did not find the TXT record that proves that %(domain)s belongs to your organisation."
            )
            % {"product": settings.PRODUCT_NAME, "domain": domain},
            _("Publish it again: %(text)s at %(name)s")
            % {"text": proof.record.text, "name": proof.record.name},
        ],
        after=[
            _(
                "If it is still missing on %(date)s, nobody can join your organisation with an address in %(domain)s any more. Once the record is back, all is as before."
            )
            % {"date": lapses, "domain": domain}
        ],
    )
