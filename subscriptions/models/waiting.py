"""Who waits for a unit, and who is not to get one by itself."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscriptions.models.subscription import AssignedLicence, Subscription
from tenants.models import User


class UnitWait(models.Model):
    """All units were assigned when it was somebody's turn: the next that is free is for who waits longest."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.CASCADE,
        related_name="waits",
        db_index=False,
        verbose_name=_("subscription"),
    )
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="unit_waits", verbose_name=_("user")
    )
    since = models.DateTimeField(_("since"), default=timezone.now)
    how = models.CharField(
        _("assigned how"),
        max_length=9,
        choices=AssignedLicence.How,
        default=AssignedLicence.How.AUTOMATIC,
    )

    class Meta:
        verbose_name = _("wait for a unit")
        verbose_name_plural = _("waits for units")
        ordering = ("since", "id")
        indexes = (models.Index(fields=("subscription", "since", "id"), name="waits_in_order"),)
        constraints = (
            models.UniqueConstraint(
                fields=("subscription", "user"),
                name="one_wait_for_a_unit",
                violation_error_message=_(
                    "The user waits for a unit of this subscription already."
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}, {self.subscription.plan}"


class WithheldUnit(models.Model):
    """An administrator took a unit away: it does not come back by itself at the next sign-in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(
        Subscription, on_delete=models.CASCADE, related_name="withheld", db_index=False
    )
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="withheld_units")
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("withheld unit")
        verbose_name_plural = _("withheld units")
        ordering = ("since", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("subscription", "user"),
                name="one_withheld_unit",
                violation_error_message=_("The unit is withheld from this user already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscription_id} from {self.user_id}"
