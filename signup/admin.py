from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from audit.admin import ReadOnlyAdmin
from audit.services import record
from signup.models import DomainList, LegalDocument, SignUp, WelcomeItem
from tenants.admin import operator_of


@admin.register(SignUp)
class SignUpAdmin(ReadOnlyAdmin):
    list_display = ("created_at", "address", "state", "outcome", "user", "ended_at")
    list_select_related = ("user",)
    list_filter = ("state", "outcome", "created_at")
    search_beginnings = ("address", "domain")


@admin.register(DomainList)
class DomainListAdmin(ReadOnlyAdmin):
    """Lists newer than the shipped ones; `update_domain_list` loads them."""

    list_display = ("kind", "dated", "source", "loaded_at")
    fields = ("kind", "dated", "source", "digest", "loaded_at")


class EditedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
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
            subject=f"{self.opts.model_name}:{row.pk}",
            tenant_id=None,
            acting_user=operator_of(request),
        )


@admin.register(LegalDocument)
class LegalDocumentAdmin(EditedAdmin):
    """Published versions stay as they were accepted: a new text is a new version."""

    list_display = ("kind", "version", "language", "title", "published_at")
    list_filter = ("kind", "language")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("kind", "version", "language", "title", "text", "published_at") if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(WelcomeItem)
class WelcomeItemAdmin(EditedAdmin):
    list_display = ("title", "section", "device", "language", "url", "position", "is_shown")
    list_filter = ("section", "device", "language", "is_shown")
