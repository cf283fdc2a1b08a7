"""The admin site's way with rows: read only, unless a page says what may be changed; fast, however many."""

from __future__ import annotations

import json
import uuid
from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import lookup_spawns_duplicates, unquote
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from audit.models import AuditEvent
from audit.persons import readable
from audit.scoped_admin import ScopedAdmin
from audit.searching import CountingPaginator, as_stored


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
    """A list and a page per row; adding, changing and deleting are refused."""

    paginator = CountingPaginator
    show_full_result_count = False
    list_per_page = 50
    list_max_show_all = 50
    actions: Any = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Searched by the beginning of an action (`user.`) or of a subject (`user:…`), or by an id of whom or where."""

    list_display = (
        "at",
        "action",
        "result",
        "subject",
        "actor_id",
        "on_behalf_of_id",
        "address",
        "tenant_id",
    )
    list_filter = ("result", "at")
    fields = (
        "at",
        "action",
        "result",
        "subject",
        "actor_id",
        "on_behalf_of_id",
        "address",
        "tenant_id",
        "request_id",
        "readable_details",
    )
    readonly_fields = fields
    search_beginnings = ("action", "subject")
    reach = "tenant_id"
    linked_lookups = ("subject",)
    search_help_text = _(
        "The beginning of an action (user.) or of what it was done to (user:…), or the id of who did it "
        "or of an organisation."
    )

    def subject_of(self, row: AuditEvent) -> str:
        return row.subject

    @admin.display(description=_("details"))
    def readable_details(self, event: AuditEvent) -> str:
        ((_event, details),) = readable([event])
        text = json.dumps(details, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)
        return format_html("<pre>{}</pre>", text)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        try:
            wanted = uuid.UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(Q(tenant_id=wanted) | Q(actor_id=wanted)), False
