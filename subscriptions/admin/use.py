"""Units and use over time, to look at and to take along."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext_lazy as _

from audit.admin import ReadOnlyAdmin
from subscriptions.models import UseOfDay

COLUMNS = ("day", "plan", "organisation", "tenant_id", "state", "subscriptions", "units", "used")
AT_ONCE = 1000


class _Line:
    """What csv writes to: hands the line back."""

    def write(self, text: str) -> str:
        return text


@admin.register(UseOfDay)
class UseOfDayAdmin(ReadOnlyAdmin):
    reach = "subscription__tenant"
    list_display = ("day", "plan", "organisation", "state", "subscriptions", "units", "used")
    list_select_related = ("plan", "subscription__tenant")
    list_filter = ("plan", "day")
    search_beginnings = ("subscription__tenant__domains__name",)
    search_help_text = _("The beginning of a domain.")
    actions = ("as_csv",)

    @admin.display(description=_("organisation"))
    def organisation(self, row: UseOfDay) -> str:
        return row.subscription.tenant.name if row.subscription else str(_("all"))

    @admin.action(description=_("Download as CSV"), permissions=("view",))
    def as_csv(self, request: HttpRequest, queryset: QuerySet[UseOfDay]) -> StreamingHttpResponse:
        return StreamingHttpResponse(
            csv_of(queryset),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="use-over-time.csv"'},
        )


def csv_of(rows: QuerySet[UseOfDay]) -> Iterator[Any]:
    """A line at a time, however many. Names of organisations are domains, which no spreadsheet runs."""
    writer = csv.writer(_Line())
    yield writer.writerow(COLUMNS)
    for row in rows.select_related("subscription__tenant").iterator(AT_ONCE):
        tenant = row.subscription.tenant if row.subscription else None
        yield writer.writerow(
            (
                row.day,
                row.plan_id,
                tenant.name if tenant else "",
                tenant.pk if tenant else "",
                row.state,
                row.subscriptions,
                "" if row.units is None else row.units,
                row.used,
            )
        )
