"""Pages that change plans: a form, then who gains and loses what, then a fresh second factor, and it is done, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from audit import freshness, refusals
from audit.exceptions import Refusal
from idempotency.forms import OneTimeForm
from subscriptions.flows.preview import Effect
from tenants.admin.acting import operator_of
from tenants.models import Tenant


@dataclass(frozen=True)
class Question:
    """`look` says what would change, `act` does it; both read the form, which is valid then."""

    name: str  # as the log has it
    tenant: Tenant
    title: str
    form: OneTimeForm
    look: Callable[[], Effect]
    summary: Callable[[], list[str]]
    act: Callable[[], object]
    button: str
    done: str
    back: str
    lines: tuple[str, ...] = ()
    is_dangerous: bool = False


def ask(request: HttpRequest, site: admin.AdminSite, question: Question) -> HttpResponse:
    context: dict[str, Any] = {"question": question, "form": question.form}
    if request.method == "POST":
        if request.POST.get("step") == "do":
            freshness.require(request)
        if question.form.is_valid():
            try:
                if request.POST.get("step") == "do" and _is_done(request, question):
                    messages.success(request, question.done)
                    return redirect(question.back)
                if not question.form.errors:
                    context |= {"effect": question.look(), "summary": question.summary()}
            except Refusal as refusal:
                _refused(request, question, refusal)
    page = "look" if "effect" in context else "form"
    context |= site.each_context(request) | {"title": question.title, "tenant": question.tenant}
    return TemplateResponse(request, f"admin/plans/{page}.html", context)


def _is_done(request: HttpRequest, question: Question) -> bool:
    scope = f"{question.name}:{question.tenant.pk}:{operator_of(request).pk}"
    return question.form.once(scope=scope, about=request.path, do=question.act) is not None


def _refused(request: HttpRequest, question: Question, refusal: Refusal) -> None:
    refusals.note(
        request,
        refusal,
        action=question.name,
        subject=f"tenant:{question.tenant.pk}",
        tenant_id=question.tenant.pk,
    )
    question.form.add_error(None, str(refusal))
