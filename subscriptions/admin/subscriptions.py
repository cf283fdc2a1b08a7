from __future__ import annotations

from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.admin import ReadOnlyAdmin
from subscriptions.ladder import SubscriptionState, state_of
from subscriptions.models import Subscription


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    reach = "tenant"
    list_display = ("tenant", "plan", "units", "state", "started_at", "trial_ends_at", "ends_at")
    list_select_related = ("tenant", "plan")
    list_filter = ("plan", "started_at")
    search_beginnings = ("tenant__domains__name",)
    search_help_text = _("The beginning of a domain.")

    @admin.display(description=_("state"))
    def state(self, subscription: Subscription) -> str:
        return str(SubscriptionState(state_of(subscription, timezone.now())).label)
