"""Units and use over time, to look at and, as every list, to take along as CSV."""

from __future__ import annotations

import uuid

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from audit.admin import ReadOnlyAdmin
from subscriptions.models import UseOfDay


@admin.register(UseOfDay)
class UseOfDayAdmin(ReadOnlyAdmin):
    reach = "subscription__tenant"
    list_display = (
        "day",
        "plan",
        "organisation",
        "tenant_id",
        "state",
        "subscriptions",
        "units",
        "used",
    )
    list_select_related = ("plan", "subscription__tenant")
    list_filter = ("plan", "day")
    search_beginnings = ("subscription__tenant__domains__name",)
    search_help_text = _("The beginning of a domain.")
    nothing_yet = _("Each day at midnight (UTC) a row for each plan is added here.")
    columns_of_operators = ("organisation", "tenant_id", "subscriptions")

    @admin.display(description=_("organisation"))
    def organisation(self, row: UseOfDay) -> str:
        return row.subscription.tenant.name if row.subscription else str(_("all"))

    @admin.display(description=_("id of the organisation"))
    def tenant_id(self, row: UseOfDay) -> uuid.UUID | None:
        return row.subscription.tenant_id if row.subscription else None
