"""The subscriptions that tenants have to plans, and the units assigned to users."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscriptions.models.plan import Plan
from tenants.models import Tenant, User


class Subscription(models.Model):
    """A tenant has a plan. Its state follows from its dates: see ladder.py."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(Tenant, on_delete=models.PROTECT, related_name="subscriptions")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="subscriptions")
    units = models.PositiveIntegerField(_("units"), null=True, help_text=_("Empty: an open pool."))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    trial_ends_at = models.DateTimeField(_("trial ends"), null=True)
    ends_at = models.DateTimeField(_("ends"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ("-started_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "plan"),
                condition=Q(cancelled_at__isnull=True),
                name="one_subscription_to_a_plan",
                violation_error_message=_("The tenant has a subscription to this plan already."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("started_at")),
                name="subscription_ends_after_its_start",
                violation_error_message=_("A subscription ends after it has started."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.plan_id} of {self.tenant_id}"


class AssignedLicence(models.Model):
    """A unit of a subscription, assigned to a user."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="assigned_licences"
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="assigned_licences")
    assigned_at = models.DateTimeField(_("assigned"), default=timezone.now)

    class Meta:
        verbose_name = _("assigned licence")
        verbose_name_plural = _("assigned licences")
        ordering = ("-assigned_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("subscription", "user"),
                name="one_unit_of_a_subscription_per_user",
                violation_error_message=_("The user has a unit of this subscription already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscription_id} for {self.user_id}"
