"""Requests to reset an administrator's second factors, which nobody decides alone."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tenants.models.user import User

GOOD_FOR = dt.timedelta(days=3)


class FactorReset(models.Model):
    """One person asks; another, who is neither that one nor the account's owner, decides."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waits for a second person")
        DONE = "done", _("done")
        DECLINED = "declined", _("declined")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="factor_resets", verbose_name=_("for")
    )
    asked_by = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(_("asked"), default=timezone.now)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)

    class Meta:
        verbose_name = _("reset of second factors")
        verbose_name_plural = _("resets of second factors")
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("-created_at", "-id"), name="resets_newest"),)
        constraints = (
            models.UniqueConstraint(
                fields=("user",),
                condition=Q(state="waiting"),
                name="one_waiting_reset",
                violation_error_message=_("A reset for this account waits already."),
            ),
            models.CheckConstraint(
                condition=Q(state="waiting", decided_at__isnull=True)
                | (~Q(state="waiting") & Q(decided_at__isnull=False)),
                name="resets_are_decided_once",
                violation_error_message=_("A reset has a decision exactly when it does not wait."),
            ),
            models.CheckConstraint(
                condition=~Q(state="done")
                | (~Q(decided_by=F("asked_by")) & ~Q(decided_by=F("user"))),
                name="resets_need_two_people",
                violation_error_message=_("Somebody else has to decide than who asked."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.user} {self.get_state_display()}"

    @property
    def is_too_old(self) -> bool:
        return timezone.now() >= self.created_at + GOOD_FOR
