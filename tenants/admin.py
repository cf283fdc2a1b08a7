from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from audit.admin import ReadOnlyAdmin
from tenants import services
from tenants.addresses import AddressRefused, parse_domain
from tenants.models import Address, Domain, DomainRule, Tenant, User


def operator_of(request: HttpRequest) -> User:
    """Whoever is signed in to the admin site."""
    assert isinstance(request.user, User)
    return request.user


class DomainInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Domain
    fields = ("name", "state", "created_at")
    readonly_fields = fields
    extra = 0
    can_delete = False


@admin.register(Tenant)
class TenantAdmin(ReadOnlyAdmin):
    """Organisations. The sign-up switches may be set; the audit log says who did."""

    list_display = (
        "name",
        "state",
        "allow_ad_hoc_subscriptions",
        "allow_email_verified_users",
        "created_at",
    )
    list_filter = ("state", "created_at")
    search_fields = ("domains__name__startswith",)
    fields = (
        "name",
        "state",
        "allow_ad_hoc_subscriptions",
        "allow_email_verified_users",
        "created_at",
    )
    readonly_fields = ("name", "state", "created_at")
    inlines = (DomainInline,)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

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


class AddressInline(admin.TabularInline):  # type: ignore[type-arg]
    model = Address
    fields = ("address", "is_primary", "proven_at")
    readonly_fields = fields
    extra = 0
    can_delete = False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = (
        "email",
        "tenant",
        "role",
        "state",
        "creation_method",
        "created_at",
        "last_login",
    )
    list_select_related = ("tenant",)
    list_filter = ("role", "state", "creation_method", "created_at")
    search_fields = ("email__startswith",)
    fields = (
        "id",
        "email",
        "first_name",
        "last_name",
        "tenant",
        "role",
        "state",
        "creation_method",
        "language",
        "created_at",
        "last_login",
    )
    inlines = (AddressInline,)


class DomainRuleForm(ModelForm):  # type: ignore[type-arg]
    def clean_domain(self) -> str:
        try:
            return parse_domain(self.cleaned_data["domain"])
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


@admin.register(DomainRule)
class DomainRuleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """What this installation decided about a domain, above the shipped lists."""

    list_display = ("domain", "decision", "reason", "created_at")
    list_filter = ("decision",)
    search_fields = ("domain__startswith",)
    form = DomainRuleForm
    fields = ("domain", "decision", "reason")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("domain",) if obj else ()

    def save_model(
        self,
        request: HttpRequest,
        obj: DomainRule,
        form: ModelForm,  # type: ignore[type-arg]
        change: bool,
    ) -> None:
        rule = services.decide_domain(
            domain_name=obj.domain,
            decision=DomainRule.Decision(obj.decision),
            reason=obj.reason,
            acting_user=operator_of(request),
        )
        obj.pk = rule.pk

    def delete_model(self, request: HttpRequest, obj: DomainRule) -> None:
        services.drop_domain_rule(
            domain_name=obj.domain,
            decision=DomainRule.Decision(obj.decision),
            acting_user=operator_of(request),
        )

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[DomainRule]) -> None:
        for rule in queryset:
            self.delete_model(request, rule)
