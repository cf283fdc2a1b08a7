"""The page before an external takeover: a preview, and the button that has a worker do it."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit.spelling import shown_domain
from tenants.admin import confirming
from tenants.admin.acting import operator_of
from tenants.admin.soon import soon
from tenants.flows import take_over
from tenants.models import Tenant
from tenants.takeover.exceptions import TakeoverRefused
from tenants.takeover.journal import UNDO_FOR


def view(
    request: HttpRequest, site: admin.AdminSite, domain_name: str, target: Tenant
) -> HttpResponse:
    shown = shown_domain(domain_name)
    try:
        preview = take_over.preview(domain_name=domain_name, target=target)
    except TakeoverRefused as refusal:
        context = site.each_context(request) | {
            "title": _("%(domain)s cannot be taken over") % {"domain": shown},
            "refusal": str(refusal),
        }
        return TemplateResponse(request, "admin/tenants/domain/refused.html", context)
    question = confirming.Question(
        name="take_over",
        domain_name=domain_name,
        title=_("Take over %(domain)s") % {"domain": shown},
        lines=[*(line.text for line in preview.lines if not line.collides), *_afterwards()],
        warnings=[line.text for line in preview.lines if line.collides],
        button=_("Take over %(domain)s") % {"domain": shown},
        shown=[
            str(preview.plan.source.pk),
            *(line.name for line in preview.lines if line.collides),
        ],
        act=lambda _reason: _begin(request, domain_name, target),
        done=_("The takeover has begun. This page shows how far it is."),
        back=reverse("admin:tenants_domain_prove", args=(preview.proof.pk,)),
        back_name=shown,
    )
    return confirming.ask(request, site, question)


def _afterwards() -> list[str]:
    hours = settings.TAKEOVER_LIMITED_HOURS
    limits = ngettext(
        "For %(hours)d hour afterwards, nobody of your organisation can delete these accounts or reset how they sign in, "
        "or change their groups' addresses and members.",
        "For %(hours)d hours afterwards, nobody of your organisation can delete these accounts or reset how they sign "
        "in, or change their groups' addresses and members.",
        hours,
    ) % {"hours": hours}
    undo = _("For %(days)d days you can undo it, with your second factor.") % {
        "days": UNDO_FOR.days
    }
    return [limits, undo] if hours else [undo]


def _begin(request: HttpRequest, domain_name: str, target: Tenant) -> str:
    return soon(
        take_over.begin(domain_name=domain_name, target=target, acting_user=operator_of(request))
    )
