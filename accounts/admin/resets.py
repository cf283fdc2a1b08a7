"""Resets of administrators' second factors, which wait for a second person."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.contrib import admin, messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.flows import reset_factors
from audit import refusals
from audit.admin import ReadOnlyAdmin
from audit.exceptions import Refusal
from tenants.admin.acting import operator_of
from tenants.models import FactorReset


def decided_within(tenant_id: uuid.UUID) -> Q:
    """Those that the organisation, or an operator, asked for and decided: not those of people who came along with a
    domain from another one, which has its own people in them.
    """

    def own(who: str) -> Q:
        return Q(**{f"{who}__tenant": tenant_id}) | Q(**{f"{who}__tenant__isnull": True})

    return Q(user__tenant=tenant_id) & own("asked_by") & own("decided_by")


@admin.register(FactorReset)
class FactorResetAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "user", "asked_by", "state", "decided_by", "decided_at")
    list_select_related = ("user", "asked_by", "decided_by")
    list_filter = ("state",)
    search_beginnings = ("user__email",)
    search_help_text = _("The beginning of an address.")
    reach = staticmethod(decided_within)
    actions = ("approve", "decline")
    sensitive_actions = ("approve",)
    nothing_yet = _("No reset of an administrator's second factors was asked for.")

    def fits(self, action: str, row: FactorReset) -> bool:
        return row.state == FactorReset.State.WAITING

    def subject_of(self, row: FactorReset) -> str:
        return f"user:{row.user_id}"

    @admin.action(description=_("Confirm: their second factors are removed"))
    def approve(self, request: HttpRequest, queryset: QuerySet[FactorReset]) -> None:
        self._each(request, queryset, reset_factors.approve)

    @admin.action(description=_("Decline: nothing is removed"))
    def decline(self, request: HttpRequest, queryset: QuerySet[FactorReset]) -> None:
        self._each(request, queryset, reset_factors.decline)

    def _each(
        self,
        request: HttpRequest,
        rows: QuerySet[FactorReset],
        decide: Callable[..., object],
    ) -> None:
        for row in rows.select_related("user__tenant"):
            try:
                decide(request=row, acting_user=operator_of(request))
            except Refusal as refusal:
                refusals.note(
                    request,
                    refusal,
                    action=request.POST.get("action", ""),
                    subject=self.subject_of(row),
                    tenant_id=row.user.tenant_id,
                )
                self.message_user(request, str(refusal), messages.WARNING)
            else:
                self.message_user(request, _("%(user)s: decided.") % {"user": row.user})
