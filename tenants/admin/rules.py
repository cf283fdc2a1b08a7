"""What this installation decided about domains and mailbox names."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.admin import HistoryInAuditLog, SearchByBeginning
from audit.scoped_admin import spelled
from audit.spelling import both
from tenants import services
from tenants.addresses import AddressRefused, parse_domain
from tenants.admin.acting import operator_of
from tenants.models import DomainRule, MailboxRule
from tenants.role_mailboxes import NotAMailboxName, name_of


class DomainRuleForm(ModelForm):  # type: ignore[type-arg]
    def clean_domain(self) -> str:
        try:
            return parse_domain(self.cleaned_data["domain"])
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


@admin.register(DomainRule)
class DomainRuleAdmin(SearchByBeginning, HistoryInAuditLog):
    """What this installation decided about a domain, above the shipped lists."""

    deleting_means = _(
        "The shipped lists decide about these domains again: who may sign up there, and whether organisation-wide grants hold. "
        "Accounts stay as they are, also those that were disabled. The rule and its reason are not kept; you can enter them anew."
    )
    list_display = ("domain", "decision", "reason", "created_at")
    list_filter = ("decision",)
    search_beginnings = ("domain",)
    search_help_text = _("The beginning of a domain.")
    form = DomainRuleForm
    fields = ("domain", "decision", "reason")

    def subject_of(self, row: DomainRule) -> str:
        return f"domain:{row.domain}"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [spelled(DomainRule, "domain", both)] if obj else []

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
            decisions=[DomainRule.Decision(obj.decision)],
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

    deleting_means = _(
        "The shipped list decides about mailboxes of these names again, for who signs up from now on. Accounts that were "
        "admitted, or wait for it, stay as they are. The rule and its reason are not kept; you can enter them anew."
    )
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
