"""Organisations: their domains and switches."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _

from audit import scope
from audit.scoped_admin import ScopedInline
from tenants import services
from tenants.admin.act_for import ActForMixin
from tenants.admin.acting import operator_of
from tenants.models import Domain, Tenant


class DomainInline(ScopedInline):
    model = Domain
    reach = "tenant"
    fields = ("shown_name", "state", "created_at")
    readonly_fields = fields

    @admin.display(description=_("name"))
    def shown_name(self, domain: Domain) -> str:
        return str(domain)


@admin.register(Tenant)
class TenantAdmin(ActForMixin):
    """Organisations. The sign-up switches may be set; the audit log says who did."""

    list_display = (
        "name",
        "state",
        "allow_ad_hoc_subscriptions",
        "allow_email_verified_users",
        "created_at",
    )
    list_filter = ("state", "created_at")
    search_beginnings = ("domains__name",)
    search_fields = (
        "domains__name",
    )  # Django's check of who completes by it; the beginnings decide
    search_help_text = _("The beginning of a domain.")
    fields = (
        "name",
        "state",
        "allow_ad_hoc_subscriptions",
        "allow_email_verified_users",
        "created_at",
    )
    readonly_fields = ("name", "state", "created_at")
    inlines = (DomainInline,)
    reach = "pk"
    name_for_administrators = _("My organisation")
    is_sensitive_to_change = True
    change_form_template = "admin/tenant.html"

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_open_to(request)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who has one organisation goes there at once."""
        own = scope.of(request).tenant_id
        if own and request.method == "GET":
            return redirect("admin:tenants_tenant_change", own)
        return super().changelist_view(request, extra_context)

    def save_model(
        self,
        request: HttpRequest,
        obj: Tenant,
        form: ModelForm,  # type: ignore[type-arg]
        change: bool,
    ) -> None:
        services.set_company_settings(
            tenant=obj,
            acting_user=operator_of(request),
            allow_ad_hoc_subscriptions=obj.allow_ad_hoc_subscriptions,
            allow_email_verified_users=obj.allow_email_verified_users,
        )
