"""Deliveries: one event on its way to one endpoint."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from feed.models.endpoint import Endpoint
from feed.models.event import Event


class Delivery(models.Model):
    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        SENDING = "sending", _("sending")
        DELIVERED = "delivered", _("delivered")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    event = models.ForeignKey(
        Event, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("event")
    )
    endpoint = models.ForeignKey(
        Endpoint, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("webhook")
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.QUEUED)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), default=timezone.now)
    give_up_at = models.DateTimeField(_("given up at"))
    claimed_until = models.DateTimeField(_("claimed until"), null=True)
    delivered_at = models.DateTimeField(_("delivered at"), null=True)
    failed_at = models.DateTimeField(_("failed at"), null=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True, default="")

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ("-created_at", "-id")
        indexes = (
            models.Index(fields=("next_attempt_at",), condition=Q(state="queued"), name="feed_due"),
            models.Index(
                fields=("claimed_until",), condition=Q(state="sending"), name="feed_claimed"
            ),
            models.Index(fields=("-created_at", "-id"), name="feed_newest"),
            models.Index(
                fields=("endpoint", "failed_at"), condition=Q(state="failed"), name="feed_failed"
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("event", "endpoint"),
                name="feed_told_once",
                violation_error_message=_("The webhook is told of this event already."),
            ),
            models.CheckConstraint(
                condition=Q(state="sending", claimed_until__isnull=False)
                | (~Q(state="sending") & Q(claimed_until__isnull=True)),
                name="feed_claim_while_sending",
                violation_error_message=_("A delivery is claimed exactly while it is being sent."),
            ),
            models.CheckConstraint(
                condition=Q(state="delivered", delivered_at__isnull=False)
                | (~Q(state="delivered") & Q(delivered_at__isnull=True)),
                name="feed_delivered_has_a_time",
                violation_error_message=_("A delivery has the time at which it was taken."),
            ),
            models.CheckConstraint(
                condition=Q(state="failed", failed_at__isnull=False)
                | (~Q(state="failed") & Q(failed_at__isnull=True)),
                name="feed_failed_has_a_time",
                violation_error_message=_(
                    "A delivery has the time of its failure while it is failed."
                ),
            ),
        )

    def __str__(self) -> str:
        return f"{self.event}, {self.endpoint}"
