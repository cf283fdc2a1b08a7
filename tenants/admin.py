from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audit.admin import HistoryInAuditLog, ReadOnlyAdmin, SearchByBeginning
from tenants import services
from tenants.addresses import AddressRefused, parse_domain
from tenants.exceptions import DirectoryError
from tenants.flows import erase, states
from tenants.flows.admit import admit, take_back
from tenants.models import Address, Domain, DomainProof, DomainRule, MailboxRule, Tenant, User
from tenants.role_mailboxes import NotAMailboxName, name_of


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

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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
    search_beginnings = ("domains__name",)
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
        "admission",
        "created_at",
        "last_login",
    )
    list_select_related = ("tenant",)
    list_filter = ("role", "state", "creation_method", "admission", "created_at")
    search_beginnings = ("email",)
    search_help_text = _("The beginning of an address.")
    fields = (
        "id",
        "email",
        "first_name",
        "last_name",
        "tenant",
        "role",
        "state",
        "creation_method",
        "admission",
        "admitted_at",
        "admitted_by_id",
        "language",
        "created_at",
        "last_login",
    )
    inlines = (AddressInline,)
    actions: Any = (
        "admit",
        "take_admission_back",
        "disable",
        "restore",
        "delete_for_now",
        "release",
    )

    @admin.action(description=_("Admit to organisation-wide grants"))
    def admit(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, admit)

    @admin.action(description=_("Take back: in no organisation-wide grant"))
    def take_admission_back(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, take_back)

    @admin.action(description=_("Disable: signed out at once, signs in no more"))
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, states.disable)

    @admin.action(description=_("Restore: disabled or deleted accounts become active"))
    def restore(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, states.restore)

    @admin.action(description=_("Delete (can be restored for 30 days)"))
    def delete_for_now(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, states.delete)

    @admin.action(description=_("Release the address: deleted accounts are erased at once"))
    def release(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, erase.release)

    def _each(
        self, request: HttpRequest, users: QuerySet[User], decide: Callable[..., None]
    ) -> None:
        """Each for itself: what cannot be done is said, and the others are done."""
        done = 0
        for user in users:
            try:
                decide(user=user, acting_user=operator_of(request))
                done += 1
            except DirectoryError as refusal:
                self.message_user(request, str(refusal), messages.WARNING)
        if done:
            said = ngettext(
                "%(count)d account was changed.", "%(count)d accounts were changed.", done
            )
            self.message_user(request, said % {"count": done}, messages.SUCCESS)


@admin.register(DomainProof)
class DomainProofAdmin(ReadOnlyAdmin):
    list_display = ("domain_name", "tenant", "state", "outcome", "checked_at", "proof_lost_at")
    list_select_related = ("tenant",)
    list_filter = ("state", "outcome")
    search_beginnings = ("domain_name",)
    search_help_text = _("The beginning of a domain.")
    fields = (
        "domain_name",
        "tenant",
        "actor",
        "value",
        "state",
        "created_at",
        "expires_at",
        "proven_at",
        "checked_at",
        "outcome",
        "detail",
        "failures",
        "next_check_at",
        "proof_lost_at",
    )

    def subject_of(self, row: DomainProof) -> str:
        return f"domain:{row.domain_name}"


class DomainRuleForm(ModelForm):  # type: ignore[type-arg]
    def clean_domain(self) -> str:
        try:
            return parse_domain(self.cleaned_data["domain"])
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


@admin.register(DomainRule)
class DomainRuleAdmin(SearchByBeginning, HistoryInAuditLog):
    """What this installation decided about a domain, above the shipped lists."""

    list_display = ("domain", "decision", "reason", "created_at")
    list_filter = ("decision",)
    search_beginnings = ("domain",)
    search_help_text = _("The beginning of a domain.")
    form = DomainRuleForm
    fields = ("domain", "decision", "reason")

    def subject_of(self, row: DomainRule) -> str:
        return f"domain:{row.domain}"

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


class MailboxRuleForm(ModelForm):  # type: ignore[type-arg]
    def clean_name(self) -> str:
        try:
            return name_of(self.cleaned_data["name"])
        except NotAMailboxName as refusal:
            raise ValidationError(str(refusal)) from None


@admin.register(MailboxRule)
class MailboxRuleAdmin(HistoryInAuditLog):
    """Which mailboxes are for a task, above the shipped list."""

    list_display = ("name", "decision", "reason", "created_at")
    list_filter = ("decision",)
    search_fields = ("name__startswith",)
    search_help_text = _("The beginning of a name.")
    form = MailboxRuleForm
    fields = ("name", "decision", "reason")

    def subject_of(self, row: MailboxRule) -> str:
        return f"mailbox_name:{row.name}"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("name",) if obj else ()

    def save_model(
        self,
        request: HttpRequest,
        obj: MailboxRule,
        form: ModelForm,  # type: ignore[type-arg]
        change: bool,
    ) -> None:
        rule = services.decide_mailbox(
            name=obj.name,
            decision=MailboxRule.Decision(obj.decision),
            reason=obj.reason,
            acting_user=operator_of(request),
        )
        obj.pk = rule.pk

    def delete_model(self, request: HttpRequest, obj: MailboxRule) -> None:
        services.drop_mailbox_rule(name=obj.name, acting_user=operator_of(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[MailboxRule]) -> None:
        for rule in queryset:
            self.delete_model(request, rule)
