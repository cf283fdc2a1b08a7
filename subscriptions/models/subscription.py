"""The subscriptions that tenants have to plans, and the units assigned to users."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce
from django.db.models.lookups import IsNull
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscriptions.models.plan import Plan
from tenants.models import Group, Tenant, User

# When a subscription ends, or has ended, by what is known of it.
LAST_DAY = Coalesce("cancelled_at", "ends_at", "trial_ends_at")


class Subscription(models.Model):
    """A tenant has a plan. Its state follows from its dates: see ladder.py."""

    class Assignment(models.TextChoices):
        AUTOMATIC = "automatic", _("to whoever signs in, while units last")
        GROUP = "group", _("to members of groups, while units last")
        MANUAL = "manual", _("by hand")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.PROTECT,
        related_name="subscriptions",
        verbose_name=_("organisation"),
    )
    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, related_name="subscriptions", verbose_name=_("plan")
    )
    units = models.PositiveIntegerField(_("units"), null=True, help_text=_("Empty: an open pool."))
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    trial_ends_at = models.DateTimeField(_("trial ends"), null=True)
    ends_at = models.DateTimeField(_("ends"), null=True)
    cancelled_at = models.DateTimeField(_("cancelled"), null=True)
    cancels_at_end = models.BooleanField(
        _("cancelled at its end"),
        default=False,
        db_default=False,
        help_text=_("It ends without a time of grace."),
    )
    assignment = models.CharField(
        _("units are assigned"),
        max_length=9,
        choices=Assignment,
        default=Assignment.AUTOMATIC,
        db_default=Assignment.AUTOMATIC,
    )
    groups = models.ManyToManyField(
        Group, verbose_name=_("groups"), related_name="subscriptions", blank=True
    )
    # It was one to these before: who has had a plan does not try it.
    earlier_plans = models.ManyToManyField(
        Plan, verbose_name=_("earlier plans"), related_name="+", blank=True
    )
    # As of the last look of the clock; what holds is the ladder's answer.
    noted_state = models.CharField(
        _("last noted state"), max_length=9, default="", db_default="", blank=True, editable=False
    )

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ("-started_at", "-id")
        indexes = (
            models.Index(
                fields=("ends_at",), condition=Q(ends_at__isnull=False), name="subscriptions_by_end"
            ),
            models.Index(
                fields=("trial_ends_at",),
                condition=Q(trial_ends_at__isnull=False),
                name="subscriptions_by_trial_end",
            ),
            # Free plans have none.
            models.Index(
                LAST_DAY,
                condition=Q(IsNull(LAST_DAY, False)),
                name="subscriptions_by_last_day",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("tenant", "plan"),
                condition=Q(cancelled_at__isnull=True),
                name="one_subscription_to_a_plan",
                violation_error_message=_(
                    "The organisation has a subscription to this plan already."
                ),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("started_at")),
                name="subscription_ends_after_its_start",
                violation_error_message=_("A subscription ends after it has started."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.plan}, {self.tenant}"


class AssignedLicence(models.Model):
    """A unit of a subscription, assigned to a user."""

    class How(models.TextChoices):
        AUTOMATIC = "automatic", _("automatically")
        GROUP = "group", _("as a member of a group")
        HAND = "hand", _("by hand")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.CASCADE,
        related_name="assigned_licences",
        verbose_name=_("subscription"),
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="assigned_licences", verbose_name=_("user")
    )
    assigned_at = models.DateTimeField(_("assigned"), default=timezone.now)
    how = models.CharField(
        _("assigned how"),
        max_length=9,
        choices=How,
        default=How.AUTOMATIC,
        db_default=How.AUTOMATIC,
    )

    class Meta:
        verbose_name = _("assigned licence")
        verbose_name_plural = _("assigned licences")
        ordering = ("-assigned_at", "-id")
        indexes = (
            models.Index(fields=("-assigned_at", "-id"), name="units_newest"),
            models.Index(
                fields=("how", "-assigned_at", "-id"),
                condition=~Q(how="automatic"),
                name="units_not_automatic",
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("subscription", "user"),
                name="one_unit_of_a_subscription_per_user",
                violation_error_message=_("The user has a unit of this subscription already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}, {self.subscription.plan}"
