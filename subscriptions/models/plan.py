"""The catalogue: plans, and the service plans that they are made of."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from subscriptions.models.capability import Capability

FREE_PLAN = "RIGHTSMANAGEMENT_ADHOC"


def known_capabilities(names: object) -> None:
    unknown = set(names) - set(Capability.values) if isinstance(names, list) else {str(names)}
    if unknown:
        raise ValidationError(
            _("Unknown: %(names)s. The names are: %(known)s."),
            params={"names": ", ".join(sorted(unknown)), "known": ", ".join(Capability.values)},
        )


class ServicePlan(models.Model):
    """A part of plans, which unlocks capabilities. What an operator edited is not loaded over."""

    name = models.CharField(_("name"), max_length=60, primary_key=True)
    title = models.CharField(_("title"), max_length=120)
    capabilities = models.JSONField(
        _("capabilities"), default=list, blank=True, validators=(known_capabilities,)
    )
    edited_at = models.DateTimeField(_("edited"), null=True, editable=False)

    class Meta:
        verbose_name = _("service plan")
        verbose_name_plural = _("service plans")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.title


class Plan(models.Model):
    """What a tenant can have, by its part number (SKU). What an operator edited is not loaded over."""

    sku = models.CharField(_("part number"), max_length=60, primary_key=True)
    name = models.CharField(_("name"), max_length=120)
    is_free = models.BooleanField(_("free"), default=False)
    is_self_service = models.BooleanField(
        _("self-service"), default=False, help_text=_("May a sign-up ask for it.")
    )
    is_offered = models.BooleanField(
        _("offered"),
        default=True,
        db_default=True,
        help_text=_(
            "May administrators order and try it. Who has it keeps it, and may change and renew it."
        ),
    )
    has_rights_management = models.BooleanField(_("has rights management"), default=True)
    service_plans = models.ManyToManyField(
        ServicePlan, verbose_name=_("service plans"), related_name="plans", blank=True
    )
    edited_at = models.DateTimeField(_("edited"), null=True, editable=False)

    class Meta:
        verbose_name = _("plan")
        verbose_name_plural = _("plans")
        ordering = ("sku",)
        constraints = (
            models.CheckConstraint(
                condition=Q(is_self_service=False) | Q(is_free=True),
                name="self_service_plans_are_free",
                violation_error_message=_("Only a free plan can be had by signing up."),
            ),
        )

    def __str__(self) -> str:
        return self.name
