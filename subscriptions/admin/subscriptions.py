from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.admin import ReadOnlyAdmin
from subscriptions.admin.assignment import assignment_page
from subscriptions.ladder import SubscriptionState, state_of
from subscriptions.models import Subscription


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    reach = "tenant"
    list_display = (
        "tenant",
        "plan",
        "units",
        "state",
        "started_at",
        "trial_ends_at",
        "ends_at",
        "assignment",
    )
    list_select_related = ("tenant", "plan")
    list_filter = ("plan", "started_at")
    search_beginnings = ("tenant__domains__name",)
    search_help_text = _("The beginning of a domain.")

    actions = ("decide_assignment",)

    def fits(self, action: str, row: Subscription) -> bool:
        return not row.plan.is_free

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.assignment_view)
        name = "subscriptions_subscription_assignment"
        return [path("<path:object_id>/assignment/", view, name=name), *super().get_urls()]

    def assignment_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return assignment_page(request, self, self.get_object(request, object_id))

    @admin.action(description=_("Say who gets a unit"))
    def decide_assignment(
        self, request: HttpRequest, queryset: QuerySet[Subscription]
    ) -> HttpResponse | None:
        paid = list(queryset.filter(plan__is_free=False)[:2])
        if len(paid) == 1:
            return redirect("admin:subscriptions_subscription_assignment", paid[0].pk)
        self.message_user(request, _("Choose one paid subscription."), messages.WARNING)
        return None

    @admin.display(description=_("state"))
    def state(self, subscription: Subscription) -> str:
        return str(SubscriptionState(state_of(subscription, timezone.now())).label)
