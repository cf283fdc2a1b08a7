"""The catalogue: operators rename plans, make others, and say what they are made of."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db import models
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from audit.admin import HistoryInAuditLog
from subscriptions.flows import edit_catalogue
from subscriptions.models import Capability, Plan, ServicePlan
from tenants.admin.acting import operator_of


class CatalogueAdmin(HistoryInAuditLog):
    """Nothing is deleted: subscriptions that have ended still name their plan."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("edited_at", self.opts.pk.name) if obj else ("edited_at",)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        edit_catalogue.note_edit(
            row=form.instance, acting_user=operator_of(request), is_new=not change
        )


class ServicePlanForm(forms.ModelForm):  # type: ignore[type-arg]
    capabilities = forms.MultipleChoiceField(
        label=_("Capabilities"),
        choices=Capability.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


@admin.register(ServicePlan)
class ServicePlanAdmin(CatalogueAdmin):
    list_display = ("name", "title", "edited_at")
    form = ServicePlanForm
    fields = ("name", "title", "capabilities", "edited_at")


@admin.register(Plan)
class PlanAdmin(CatalogueAdmin):
    list_display = (
        "sku",
        "name",
        "is_free",
        "is_self_service",
        "is_offered",
        "has_rights_management",
        "edited_at",
    )
    fields = (
        "sku",
        "name",
        "is_free",
        "is_self_service",
        "is_offered",
        "has_rights_management",
        "service_plans",
        "edited_at",
    )
    # A handful, each with its words beside it: nothing to scroll, and screen readers say what is chosen.
    formfield_overrides = {models.ManyToManyField: {"widget": forms.CheckboxSelectMultiple}}

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Whether a plan costs something does not change under those who have it."""
        fixed = super().get_readonly_fields(request, obj)
        return (*fixed, "is_free") if obj else fixed
