from __future__ import annotations

import uuid
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.admin import HistoryInAuditLog, ReadOnlyAdmin
from audit.services import record
from signup.models import DomainList, LegalDocument, SignUp, WelcomeItem
from tenants.admin.acting import operator_of
from tenants.models import Domain


def at_domains_of(tenant_id: uuid.UUID) -> Q:
    """Without those of people whom a domain left behind when it went to another organisation.

    The names are asked for first: by a name the index has the rows in the list's order, and by a join it has not.
    """
    names = Domain.objects.filter(tenant=tenant_id).order_by().values_list("name", flat=True)
    return Q(domain__in=list(names), is_left_behind=False)


@admin.register(SignUp)
class SignUpAdmin(ReadOnlyAdmin):
    """An administrator sees who signed up, or began to, at the organisation's domains."""

    reach = staticmethod(at_domains_of)
    list_display = ("created_at", "address", "state", "outcome", "user", "ended_at")
    list_select_related = ("user",)
    list_filter = ("state", "outcome", "created_at")
    search_beginnings = ("address", "domain")
    search_help_text = _("The beginning of an address or of a domain.")


@admin.register(DomainList)
class DomainListAdmin(ReadOnlyAdmin):
    """Lists newer than the shipped ones; `update_domain_list` loads them."""

    list_display = ("kind", "dated", "source", "loaded_at")
    fields = ("kind", "dated", "source", "digest", "loaded_at")

    def subject_of(self, row: DomainList) -> str:
        return f"domain_list:{row.kind}"


class EditedAdmin(HistoryInAuditLog):
    """Texts that operators edit; each change is in the audit log."""

    def save_model(
        self,
        request: HttpRequest,
        obj: Any,
        form: ModelForm,  # type: ignore[type-arg]
        change: bool,
    ) -> None:
        super().save_model(request, obj, form, change)
        self._record(request, obj, "changed" if change else "added")

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self._record(request, obj, "deleted")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def _record(self, request: HttpRequest, row: Any, what: str) -> None:
        record(
            action=f"{self.opts.model_name}.{what}",
            subject=self.subject_of(row),
            tenant_id=None,
            acting_user=operator_of(request),
        )


@admin.register(LegalDocument)
class LegalDocumentAdmin(EditedAdmin):
    """Published versions stay as they were accepted: a new text is a new version."""

    list_display = ("kind", "version", "language", "title", "published_at")
    list_filter = ("kind", "language")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is None

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(WelcomeItem)
class WelcomeItemAdmin(EditedAdmin):
    deleting_means = _(
        "It is gone from the welcome page for everybody, at once, and its words are not kept. Nobody's account or files "
        "change. To hide it for a while, change it so that it is not shown."
    )
    list_display = ("title", "section", "device", "language", "url", "position", "is_shown")
    list_filter = ("section", "device", "language", "is_shown")
