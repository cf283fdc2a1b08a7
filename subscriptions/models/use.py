"""Use over time, a row a day."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from subscriptions.models.plan import Plan
from subscriptions.models.subscription import Subscription


class UseOfDay(models.Model):
    """Units bought and assigned at the end of a day (UTC): of a paid subscription, or of a free plan in all
    organisations together.
    """

    day = models.DateField(_("day"))
    plan = models.ForeignKey(
        Plan,
        on_delete=models.PROTECT,
        related_name="use",
        db_index=False,
        verbose_name=_("plan"),
    )
    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.CASCADE,
        null=True,
        related_name="use",
        db_index=False,
        verbose_name=_("subscription"),
    )
    state = models.CharField(_("state"), max_length=9, blank=True)
    subscriptions = models.PositiveIntegerField(_("subscriptions"), default=1)
    units = models.PositiveBigIntegerField(_("units"), null=True)
    used = models.PositiveBigIntegerField(_("units in use"))

    class Meta:
        verbose_name = _("use of a day")
        verbose_name_plural = _("use over time")
        ordering = ("-day", "-id")
        indexes = (models.Index(fields=("-day", "-id"), name="use_newest"),)
        constraints = (
            models.UniqueConstraint(
                fields=("subscription", "day"),
                name="one_row_of_a_subscription_and_day",
                violation_error_message=_("The day has its row."),
            ),
            models.UniqueConstraint(
                fields=("plan", "day"),
                condition=Q(subscription__isnull=True),
                name="one_row_of_a_free_plan_and_day",
                violation_error_message=_("The day has its row."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.plan}, {date_format(self.day)}"
