"""Orders: what administrators asked for. Operators confirm them when they are paid, or refuse them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit import refusals
from audit.admin import ReadOnlyAdmin
from audit.exceptions import Refusal
from subscriptions.flows import orders
from subscriptions.models import Order
from tenants import access
from tenants.admin.acting import operator_of


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    reach = "tenant"
    list_display = ("placed_at", "tenant", "plan", "units", "lasts", "state", "decided_at")
    list_select_related = ("tenant", "plan")
    list_filter = ("state", "plan", "placed_at")
    search_beginnings = ("tenant__domains__name",)
    search_help_text = _("The beginning of a domain.")
    linked_lookups = ("tenant",)
    sensitive_actions = ("confirm", "refuse", "withdraw")
    actions: Any = ("confirm", "refuse", "withdraw")
    grave_actions = ("refuse", "withdraw")
    nothing_yet = _("Nothing was ordered yet. Administrators order under Plans.")

    @admin.display(description=_("months"), ordering="months")
    def lasts(self, order: Order) -> str:
        return str(order.months) if order.months else gettext("the end stays")

    def fits(self, action: str, row: Order) -> bool:
        return row.state == Order.State.PLACED

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Deciding is the operator's, withdrawing the administrator's."""
        found = super().get_actions(request)
        left_out = ("withdraw",) if access.operates(operator_of(request)) else ("confirm", "refuse")
        return {name: action for name, action in found.items() if name not in left_out}

    @admin.action(description=_("Confirm: it is paid, and done at once"))
    def confirm(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        self._each(request, queryset, orders.confirm)

    @admin.action(description=_("Refuse"))
    def refuse(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        self._each(request, queryset, orders.refuse)

    @admin.action(description=_("Withdraw"))
    def withdraw(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        self._each(request, queryset, orders.withdraw)

    def _each(
        self, request: HttpRequest, chosen: QuerySet[Order], decide: Callable[..., Order]
    ) -> None:
        """Each for itself: what cannot be done is said, and the others are done."""
        for order in chosen:
            try:
                done = decide(order=order, acting_user=operator_of(request))
            except Refusal as refusal:
                refusals.note(
                    request,
                    refusal,
                    action=request.POST.get("action", ""),
                    subject=self.subject_of(order),
                    tenant_id=order.tenant_id,
                )
                self.message_user(request, str(refusal), messages.WARNING)
            else:
                text = _("%(plan)s for %(organisation)s: %(state)s.") % {
                    "plan": done.plan.name,
                    "organisation": done.tenant.name,
                    "state": done.get_state_display(),
                }
                self.message_user(request, text, messages.SUCCESS)
