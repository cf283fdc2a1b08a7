"""The admin site's way with rows: read only, unless a page says what may be changed; fast, however many."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import lookup_spawns_duplicates, unquote
from django.contrib.admin.views.main import ChangeList
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit import names, scope
from audit.exporting import csv_answer, rows_of
from audit.models import AuditEvent
from audit.reading import Entry, readable
from audit.refusals import person
from audit.scope import Reach
from audit.scoped_admin import ScopedAdmin
from audit.searching import CountingPaginator, as_stored
from audit.services import record
from audit.sorting import SortedList


class SearchByBeginning:
    """Searches for rows whose fields begin with what was typed, in the spelling that they are stored in.

    Each of `search_beginnings` needs an index that knows beginnings: on PostgreSQL `varchar_pattern_ops`,
    which Django makes for a unique field by itself.
    """

    search_beginnings: tuple[str, ...] = ()

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return tuple(f"{field}__startswith" for field in self.search_beginnings)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        beginning = as_stored(search_term)
        if not beginning:
            return queryset, False
        wanted = Q()
        for field in self.search_beginnings:
            wanted |= Q((f"{field}__startswith", beginning))
        meta = queryset.model._meta
        fields = self.search_beginnings
        return queryset.filter(wanted), any(lookup_spawns_duplicates(meta, f) for f in fields)


class HistoryInAuditLog(ScopedAdmin):
    """*History* is what the audit log has: Django's own knows nothing of commands, tasks and members' pages."""

    def subject_of(self, row: Any) -> str:
        """The row as the subject of audit events."""
        return f"{self.opts.model_name}:{row.pk}"

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        events = reverse("admin:audit_auditevent_changelist")
        return redirect(f"{events}?{urlencode({'subject__exact': self.subject_of(row)})}")


class ReadOnlyAdmin(SearchByBeginning, HistoryInAuditLog):
    """A list, also as a file, and a page per row; adding, changing and deleting are refused."""

    change_list_template = "admin/exported_list.html"
    change_form_template = "admin/row_with_actions.html"
    paginator = CountingPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 50
    actions: Any = ()
    # Their buttons warn.
    grave_actions: Collection[str] = ()

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        return [path("export/", view, name=name), *super().get_urls()]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return SortedList

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """What the list shows with the same search and filters."""
        try:
            changes = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        record(
            action="list.exported",
            subject=f"list:{self.opts.label_lower}",
            tenant_id=scope.of(request).tenant_id,
            acting_user=person(request),
        )
        rows = rows_of(self, changes, prepare=lambda part: self.prepare(request, part))
        return csv_answer(rows, name=str(self.opts.model_name))

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        """Asks once for many rows of a file what their cells show."""

    def fits(self, action: str, row: Any) -> bool:
        """Whether the action can do anything with the row as it is: its page offers no other."""
        return True

    def may(self, request: HttpRequest, action: str, row: Any) -> bool:
        """Whether whoever asks may do it to the row, where that depends on the row: its page offers no other."""
        return True

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With the list's actions, for this row."""
        row = context.get("original")
        context["row_actions"] = [
            (name, label, name in self.grave_actions)
            for name, label in self.get_action_choices(request)[1:]
            if row and self.fits(name, row) and self.may(request, name, row)
        ]
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def make_readable(request: HttpRequest, events: list[AuditEvent]) -> None:
    """Asks once for all of them what their cells show."""
    names.give_names(events, scope.of(request))
    for entry in readable(events):
        vars(entry.event)["entry"] = entry


class ListWithNames(SortedList):
    """Those of the page at once, however many rows it has."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        make_readable(request, self.result_list)


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Searched by the beginning of an action (`user.`) or of a subject (`user:…`), or by an id of whom or where."""

    list_display = (
        "at",
        "action",
        "result",
        "what",
        "who",
        "on_behalf_of",
        "where",
        "organisation",
    )
    columns_of_operators = ("organisation",)
    list_filter = ("result", "at")
    fields = (
        "at",
        "action",
        "result",
        "what",
        "subject",
        "who",
        "actor_id",
        "on_behalf_of",
        "where",
        "organisation",
        "tenant_id",
        "request_id",
        "readable_details",
    )
    readonly_fields = fields
    search_beginnings = ("action", "subject")
    reach: Reach | None = "tenant_id"
    linked_lookups = ("subject",)
    search_help_text = _(
        "The beginning of an action (user.) or of what it was done to (user:…), or the id of who did it "
        "or of an organisation."
    )

    def subject_of(self, row: AuditEvent) -> str:
        return row.subject

    @admin.display(description=_("what"), ordering="subject")
    def what(self, event: AuditEvent) -> str:
        return names.subject_in(event)

    @admin.display(description=_("who"))
    def who(self, event: AuditEvent) -> str:
        return names.name_in(event, event.actor_id) or gettext("the system")

    @admin.display(description=_("on behalf of"))
    def on_behalf_of(self, event: AuditEvent) -> str:
        return names.name_in(event, event.on_behalf_of_id)

    @admin.display(description=_("from where"))
    def where(self, event: AuditEvent) -> str:
        """Of whom the reader may know: where people of another organisation sit is theirs, also if the row is in both
        logs.
        """
        entry: Entry = vars(event)["entry"]
        is_known = entry.came_by is None or names.is_named(event, entry.came_by)
        return entry.address or "" if is_known else ""

    @admin.display(description=_("organisation"))
    def organisation(self, event: AuditEvent) -> str:
        return names.name_in(event, event.tenant_id)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return ListWithNames

    def prepare(self, request: HttpRequest, rows: list[Any]) -> None:
        make_readable(request, rows)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> AuditEvent | None:
        event: AuditEvent | None = super().get_object(request, object_id, from_field)
        make_readable(request, [event] if event else [])
        return event

    @admin.display(description=_("details"))
    def readable_details(self, event: AuditEvent) -> str:
        entry: Entry = vars(event)["entry"]
        text = json.dumps(entry.details, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        return format_html("<pre>{}</pre>", text)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            wanted = uuid.UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(Q(tenant_id=wanted) | Q(actor_id=wanted)), False
