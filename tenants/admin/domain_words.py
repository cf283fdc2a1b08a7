"""What pages say of domains and of what is under way, and the form that asks for one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from audit import scope
from tenants import acting as acting_for
from tenants.addresses import AddressRefused, parse_domain
from tenants.admin.acting import operator_of
from tenants.models import Domain, DomainProof, User
from tenants.selectors import LAPSES_AFTER, administrators_of

State = DomainProof.State


class NewDomainForm(forms.Form):
    domain = forms.CharField(
        max_length=253,
        label=gettext_lazy("Domain"),
        help_text=gettext_lazy("For example contoso.com"),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Type a domain.")},
    )

    def clean_domain(self) -> str:
        try:
            return parse_domain(self.cleaned_data["domain"])
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


def whose_proof(request: HttpRequest) -> User:
    """Whoever asks; an operator who acts for an organisation asks for an administrator of it."""
    user, acting = operator_of(request), acting_for.of(request)
    if acting is None:
        return user
    theirs = administrators_of(
        acting.tenant
    )  # whom they act for may have lost the role, or gone with a domain
    whom = theirs.filter(pk__in=[acting.administrator_id] if acting.administrator_id else [])
    return whom.first() or theirs.first() or user


def under_way(request: HttpRequest) -> list[tuple[DomainProof, str]]:
    """What the organisation asked to prove and does not have yet, each with how far it is."""
    tenant_id = scope.of(request).tenant_id
    if tenant_id is None:
        return []
    held = Domain.objects.filter(tenant=tenant_id).values("name")
    proofs = DomainProof.objects.filter(tenant=tenant_id).exclude(domain_name__in=held)
    waiting = proofs.filter(state=State.WAITING, expires_at__gt=timezone.now())
    proven = proofs.filter(state=State.PROVEN)
    return [
        *((proof, _("proven: look at what comes next")) for proof in proven),
        *((proof, _("waits for the DNS record")) for proof in waiting),
    ]


def state_in_words(domain: Any, now: dt.datetime) -> str:
    """Of a domain as the list has it."""
    if domain.proof_proven_at is None:
        return _("not proven")
    if not domain.proof_failures:
        return _("proven")
    if domain.proof_proof_lost_at is None:
        return _("in danger: the record was not found lately")
    ends = domain.proof_proof_lost_at + LAPSES_AFTER
    date: dict[str, Any] = {"date": date_format(ends, "DATE_FORMAT"), "days": (ends - now).days}
    if ends <= now:
        return _("lapsed on %(date)s: nobody joins through it") % date
    text = ngettext(
        "lost: lapses in %(days)s day, on %(date)s",
        "lost: lapses in %(days)s days, on %(date)s",
        date["days"],
    )
    return text % date
