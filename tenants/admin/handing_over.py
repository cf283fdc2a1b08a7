"""Pages of giving a domain up: to another organisation, to nobody, or because its organisation lost it."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import freshness
from audit.exceptions import Refusal
from audit.spelling import shown_domain
from tenants.addresses import AddressRefused, parse_domain
from tenants.admin import confirming
from tenants.admin.acting import operator_of
from tenants.admin.soon import soon
from tenants.flows import domains, hand_over, release
from tenants.models import Domain, DomainHandOver, Tenant
from tenants.selectors import tenant_of_domain

LIST = "admin:tenants_domain_changelist"


class ReceiverForm(forms.Form):
    to = forms.CharField(
        max_length=253,
        label=gettext_lazy("A domain of the other organisation"),
        help_text=gettext_lazy("It needs an administrator, who accepts the offer within 7 days."),
        error_messages={"required": gettext_lazy("Type a domain.")},
    )

    def clean_to(self) -> Tenant:
        """Whether an organisation is there that nobody administers, is nobody's business."""
        try:
            tenant = tenant_of_domain(parse_domain(self.cleaned_data["to"]))
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None
        if tenant is None or tenant.state != Tenant.State.MANAGED:
            raise ValidationError(
                _("No organisation with administrators has this domain. Ask them which they have.")
            )
        return tenant


def offer(request: HttpRequest, site: admin.AdminSite, domain: Domain) -> HttpResponse:
    """First to whom, then what goes along."""
    form = ReceiverForm(request.GET if "to" in request.GET else None)
    back = reverse("admin:tenants_domain_change", args=(domain.pk,))
    shown = shown_domain(domain.name)
    if not form.is_valid():
        context = site.each_context(request) | {
            "title": _("Hand %(domain)s to another organisation") % {"domain": shown},
            "form": form,
            "back": back,
        }
        return TemplateResponse(request, "admin/tenants/domain/receiver.html", context)
    to: Tenant = form.cleaned_data["to"]

    def act(_reason: str) -> str:
        user = operator_of(request)
        hand_over.offer(domain_name=domain.name, tenant=domain.tenant, to=to, acting_user=user)
        return back

    question = confirming.Question(
        name="offer_domain",
        domain_name=domain.name,
        title=_("Offer %(domain)s to %(organisation)s")
        % {"domain": shown, "organisation": to.name},
        lines=[line.text for line in hand_over.preview_for_giver(domain_name=domain.name, to=to)],
        button=_("Offer the domain"),
        act=act,
        done=_(
            "The domain is offered. Until it is accepted nothing changes, and you can withdraw the offer."
        ),
        back=back,
        back_name=shown,
    )
    return confirming.ask(request, site, question)


def accept(
    request: HttpRequest, site: admin.AdminSite, made: DomainHandOver, to: Tenant
) -> HttpResponse:
    shown = shown_domain(made.domain_name)

    def act(_reason: str) -> str:
        user = operator_of(request)
        return soon(
            hand_over.begin_to_accept(domain_name=made.domain_name, tenant=to, acting_user=user)
        )

    lines = hand_over.preview(domain_name=made.domain_name, to=to)
    question = confirming.Question(
        name="accept_domain",
        domain_name=made.domain_name,
        title=_("%(domain)s is offered to you") % {"domain": shown},
        lines=[line.text for line in lines if not line.collides],
        warnings=[line.text for line in lines if line.collides],
        button=_("Accept the domain"),
        act=act,
        done=_("The domain is being handed over. This page shows how far it is."),
        back=reverse(LIST),
        back_name=_("Domains"),
        shown=[str(made.pk), *(line.name for line in lines if line.collides)],
        is_dangerous=False,
    )
    return confirming.ask(request, site, question)


def end(request: HttpRequest, *, domain_name: str, tenant: Tenant, is_own: bool) -> HttpResponse:
    """Withdraws an offer, or declines one; both need no second thought."""
    freshness.require(request)
    work = hand_over.withdraw if is_own else hand_over.decline
    try:
        work(domain_name=domain_name, tenant=tenant, acting_user=operator_of(request))
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        said = _("The offer is withdrawn.") if is_own else _("The offer is declined.")
        messages.success(request, said)
    return redirect(LIST)


def remove(request: HttpRequest, site: admin.AdminSite, domain: Domain) -> HttpResponse:
    shown = shown_domain(domain.name)

    def act(_reason: str) -> str:
        domains.remove(
            domain_name=domain.name, tenant=domain.tenant, acting_user=operator_of(request)
        )
        return reverse(LIST)

    question = confirming.Question(
        name="remove_domain",
        domain_name=domain.name,
        title=_("Remove %(domain)s") % {"domain": shown},
        lines=[
            _("Nobody may have an address in it any more, and nobody has one."),
            _("Whoever proves it may add it to another organisation."),
        ],
        button=_("Remove the domain"),
        act=act,
        done=_("%(domain)s was removed.") % {"domain": shown},
        back=reverse("admin:tenants_domain_change", args=(domain.pk,)),
        back_name=shown,
        possible=lambda: domains.require_removable(domain),
    )
    return confirming.ask(request, site, question)


def let_go(request: HttpRequest, site: admin.AdminSite, domain: Domain) -> HttpResponse:
    """The operator's decision about a domain whose proof was lost 30 days ago."""
    shown, back = (
        shown_domain(domain.name),
        reverse("admin:tenants_domain_change", args=(domain.pk,)),
    )
    try:
        taker = release.fresh_proof(domain).tenant
    except Refusal as refusal:
        context = site.each_context(request) | {
            "title": _("%(domain)s cannot be released") % {"domain": shown},
            "refusal": str(refusal),
        }
        return TemplateResponse(request, "admin/tenants/domain/refused.html", context)

    def act(reason: str) -> str:
        return soon(
            release.begin(
                domain_name=domain.name,
                reason=reason,
                acting_user=operator_of(request),
                taker_id=taker.pk,
            )
        )

    names = {"domain": shown, "taker": taker.name, "holder": domain.tenant.name}
    question = confirming.Question(
        name="release_domain",
        domain_name=domain.name,
        title=_("Release %(domain)s") % names,
        lines=[
            _("%(domain)s goes to %(taker)s, which has proven it since %(holder)s lost its proof.")
            % names,
            _(
                "The accounts stay with %(holder)s, and keep what they protected, but lose their addresses in %(domain)s."
            )
            % names,
            _("This cannot be undone."),
        ],
        button=_("Release the domain"),
        act=act,
        done=_("The domain is being released. This page shows how far it is."),
        back=back,
        back_name=shown,
        shown=[str(taker.pk)],
        needs_reason=True,
    )
    return confirming.ask(request, site, question)
