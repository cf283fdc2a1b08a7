"""Events: rows that commit with the change they tell of."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _


class Kind(models.TextChoices):
    """The names are part of what other programs rely on: docs/webhooks.md."""

    SUBSCRIPTION_CREATED = "subscription.created", _("subscription created")
    SUBSCRIPTION_CHANGED = "subscription.changed", _("subscription changed")
    SUBSCRIPTION_CONVERTED = "subscription.converted", _("subscription converted")
    SUBSCRIPTION_RENEWED = "subscription.renewed", _("subscription renewed")
    SUBSCRIPTION_CANCELS = "subscription.cancels_at_end", _("subscription will end")
    SUBSCRIPTION_CANCELLED = "subscription.cancelled", _("subscription cancelled")
    TRIAL_ENDED = "subscription.trial_ended", _("trial ended")
    ENTERED_GRACE = "subscription.entered_grace", _("subscription entered grace")
    SUSPENDED = "subscription.suspended", _("subscription suspended")
    ORDER_PLACED = "order.placed", _("order placed")
    ORDER_CONFIRMED = "order.confirmed", _("order confirmed")
    ORDER_REFUSED = "order.refused", _("order refused")
    ORDER_WITHDRAWN = "order.withdrawn", _("order withdrawn")
    LICENCE_ASSIGNED = "licence.assigned", _("unit assigned")
    LICENCE_REMOVED = "licence.removed", _("unit removed")
    TENANT_TAKEN_OVER = "tenant.taken_over", _("organisation taken over")
    TAKEOVER_UNDONE = "tenant.takeover_undone", _("takeover undone")


class Event(models.Model):
    """What happened to an organisation. Ids and settings alone: nothing in it is about a person."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(_("id"), default=uuid.uuid4, unique=True, editable=False)
    # An id, not a foreign key: what happened is told also where the organisation has gone.
    tenant_id = models.UUIDField(_("organisation"))
    kind = models.CharField(_("kind"), max_length=40, choices=Kind)
    at = models.DateTimeField(_("time"), default=timezone.now)
    data = models.JSONField(_("data"), default=dict)
    # Its place in the organisation's order; given once the change has committed.
    number = models.PositiveBigIntegerField(_("number"), null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("id",), condition=Q(number__isnull=True), name="feed_unnumbered"),
            models.Index(fields=("at",), name="feed_by_time"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("tenant_id", "number"),
                name="feed_one_event_a_number",
                violation_error_message=_("The organisation has an event with this number."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {date_format(self.at, 'DATETIME_FORMAT')}"


class FeedHead(models.Model):
    """The newest number of an organisation's events. Whoever gives numbers holds this row."""

    tenant_id = models.UUIDField(primary_key=True)
    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.number}"
