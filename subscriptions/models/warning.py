"""Which ends of subscriptions were told of."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from subscriptions.models.subscription import Subscription


class EndWarning(models.Model):
    """That a subscription ends was told, so many days before; once, however often the clock looks."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(
        Subscription,
        on_delete=models.CASCADE,
        related_name="warnings",
        db_index=False,
        verbose_name=_("subscription"),
    )
    ends_at = models.DateTimeField(_("ends"))
    days = models.PositiveSmallIntegerField(_("days before"))
    told = models.PositiveIntegerField(
        _("administrators told"), help_text=_("0: there was none, and the operator sees it.")
    )
    warned_at = models.DateTimeField(_("warned"), default=timezone.now)

    class Meta:
        verbose_name = _("warning of an end")
        verbose_name_plural = _("warnings of ends")
        ordering = ("-warned_at", "-id")
        constraints = (
            models.UniqueConstraint(
                fields=("subscription", "ends_at", "days"),
                name="one_warning_of_an_end",
                violation_error_message=_("This end was told of already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscription}, {date_format(self.ends_at)}"
