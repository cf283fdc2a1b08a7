"""Mails about directories, to those who administer them."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from audit.spelling import shown_domain
from outbox.content import Button, MailContent, writes
from outbox.models import OutboxMail
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


@writes("tenants.made_administrator")
def made_administrator(mail: OutboxMail) -> MailContent:
    subject = _("You administer your organisation at %(product)s now") % {
        "product": settings.PRODUCT_NAME
    }
    return MailContent(
        subject=subject,
        heading=_("You are an administrator now"),
        paragraphs=[
            _(
                "An administrator of your organisation, or whoever runs this service, made you an administrator. You see the organisation's accounts, domains and log, and decide about them."
            ),
            _("You need a second factor for that. The administration leads you to set one up."),
        ],
        button=Button(
            _("Open the administration"), f"{settings.PUBLIC_URL}{reverse('admin:index')}"
        ),
        after=[_("If you did not expect this, ask your IT department.")],
    )


@writes("tenants.made_member")
def made_member(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("You no longer administer your organisation at %(product)s")
        % {"product": settings.PRODUCT_NAME},
        heading=_("You are no longer an administrator"),
        paragraphs=[
            _(
                "An administrator of your organisation, or whoever runs this service, made you a member again. Your account and what you protected stay as they are."
            )
        ],
        after=[_("If you did not expect this, ask your IT department.")],
    )


@writes("tenants.account_closed")
def account_closed(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("Your account at %(product)s is closed") % {"product": settings.PRODUCT_NAME},
        heading=_("Your account is closed"),
        paragraphs=[
            _(
                "The account for %(address)s was closed, as its owner wished. Nobody signs in with it any more."
            )
            % {"address": mail.to_address},
            _(
                "What was protected with it stays readable for those it was shared with. What we know about you is erased within 30 days."
            ),
        ],
        after=[
            _(
                "If this was not you, tell your IT department, or whoever runs this service. You can sign up again with this address at any time; it will be a new account."
            )
        ],
    )


@writes("tenants.address_changed")
def address_changed(mail: OutboxMail) -> MailContent:
    return MailContent(
        subject=_("Your new address at %(product)s") % {"product": settings.PRODUCT_NAME},
        heading=_("Your address was changed"),
        paragraphs=[
            _(
                "%(address)s is the address of your account now. Sign in with it; your password, your protected files and your sessions stay as they are."
            )
            % {"address": mail.to_address}
        ],
        after=[
            _(
                "If you did not expect this, tell your IT department, or whoever runs this service: somebody may have made a mistake."
            )
        ],
    )


@writes("tenants.address_left")
def address_left(mail: OutboxMail) -> MailContent:
    """It does not name the new address: who reads the old mailbox need not be its owner any more."""
    return MailContent(
        subject=_("Your account at %(product)s has another address")
        % {"product": settings.PRODUCT_NAME},
        heading=_("Your address was changed"),
        paragraphs=[
            _("Mail to the account that was at %(address)s goes to another address from now on.")
            % {"address": mail.to_address}
        ],
        after=[
            _(
                "If you did not want this, tell your IT department, or whoever runs this service, at once: somebody may be about to take your account."
            )
        ],
    )
