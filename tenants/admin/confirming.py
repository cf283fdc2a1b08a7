"""A page between a button and what it does: it says what will happen, and wants the domain typed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import freshness, refusals, scope
from audit.exceptions import Refusal
from audit.spelling import shown_domain
from tenants.addresses import AddressRefused, parse_domain


class ConfirmForm(forms.Form):
    seen = forms.CharField(max_length=16, required=False, widget=forms.HiddenInput)
    typed = forms.CharField(max_length=253, required=False, strip=True)
    reason = forms.CharField(
        max_length=500,
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The organisation reads it in its log, for ever: name nobody."),
        error_messages={"required": gettext_lazy("Give a reason.")},
    )

    def __init__(
        self, *args: Any, domain_name: str, needs_reason: bool, mark: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._domain_name, self._mark = domain_name, mark
        shown = shown_domain(domain_name)
        self.fields["typed"].label = _("Type %(domain)s to confirm") % {"domain": shown}
        self.fields["typed"].widget.attrs["autocomplete"] = "off"
        if not needs_reason:
            del self.fields["reason"]

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        try:
            is_same = parse_domain(typed) == self._domain_name
        except AddressRefused:
            is_same = False
        if not is_same:
            shown = shown_domain(self._domain_name)
            raise ValidationError(_("Type %(domain)s here, as it is above.") % {"domain": shown})
        return typed

    def clean(self) -> dict[str, Any]:
        """Two tabs, or somebody who took their time: what is done is what was read."""
        seen = self.cleaned_data.get("seen")
        if seen and seen != self._mark:
            raise ValidationError(
                _("This has changed since you opened the page. Read it again, then confirm.")
            )
        return self.cleaned_data


@dataclass(frozen=True)
class Question:
    """What is asked, and what happens on *yes*: `act` gets the reason and says where to go on."""

    name: str  # as the log has it
    domain_name: str
    title: str
    lines: Sequence[str]
    button: str
    act: Callable[[str], str]
    done: str
    back: str
    back_name: str
    # Raises a Refusal where the press would be refused whatever is typed: then nobody is asked.
    possible: Callable[[], object] = bool
    warnings: Sequence[str] = ()
    needs_reason: bool = False
    is_dangerous: bool = True
    # What must not have changed between the page and the press; counts may.
    shown: Sequence[str] = ()

    @property
    def mark(self) -> str:
        return hashlib.sha256("\n".join(self.shown).encode()).hexdigest()[:16] if self.shown else ""


def _note(request: HttpRequest, question: Question, refusal: Refusal) -> None:
    refusals.note(
        request,
        refusal,
        action=question.name,
        subject=f"domain:{question.domain_name}",
        tenant_id=scope.of(request).tenant_id,
    )


def ask(request: HttpRequest, site: admin.AdminSite, question: Question) -> HttpResponse:
    context = site.each_context(request) | {"title": question.title, "question": question}
    if request.method != "POST":
        try:
            question.possible()
        except Refusal as refusal:
            refused = "admin/tenants/domain/refused.html"
            return TemplateResponse(request, refused, context | {"refusal": str(refusal)})
    form = ConfirmForm(
        request.POST if request.method == "POST" else None,
        domain_name=question.domain_name,
        needs_reason=question.needs_reason,
        mark=question.mark,
    )
    if request.method == "POST":
        freshness.require(request)
        if form.is_valid():
            try:
                there = question.act(form.cleaned_data.get("reason", ""))
            except Refusal as refusal:
                _note(request, question, refusal)
                form.add_error(None, str(refusal))
            else:
                messages.success(request, question.done)
                return redirect(there)
    return TemplateResponse(request, "admin/tenants/confirm.html", context | {"form": form})
