"""Endpoints: addresses of programs that are told what happens."""

from __future__ import annotations

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from feed.models.event import Kind
from tenants.models import Tenant


def known_kinds(names: object) -> None:
    unknown = set(names) - set(Kind.values) if isinstance(names, list) else {str(names)}
    if unknown:
        raise ValidationError(
            _("Unknown: %(names)s. The names are: %(known)s."),
            params={"names": ", ".join(sorted(unknown)), "known": ", ".join(Kind.values)},
        )


class Endpoint(models.Model):
    """Secrets lie here encrypted: see feed/secrets.py."""

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")

    class Reason(models.TextChoices):
        NOT_ANSWERING = "not_answering", _("took nothing for 72 hours")
        GONE = "gone", _("answered that it is gone for good (410)")
        BY_HAND = "by_hand", _("by an operator")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.CharField(_("address"), max_length=500)
    tenant = models.ForeignKey(
        Tenant,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        verbose_name=_("organisation"),
        related_name="webhooks",
        help_text=_("Empty: it is told of all organisations."),
    )
    kinds = models.JSONField(
        _("events"),
        default=list,
        blank=True,
        validators=(known_kinds,),
        help_text=_("Empty: all."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    secret = models.TextField()
    previous_secret = models.TextField(blank=True, default="")
    previous_until = models.DateTimeField(_("older secret signs until"), null=True)
    state = models.CharField(_("state"), max_length=6, choices=State, default=State.ACTIVE)
    paused_at = models.DateTimeField(_("paused at"), null=True)
    reason = models.CharField(_("why"), max_length=13, choices=Reason, blank=True, default="")
    # In a row. Who fails often is left alone for a while, so that others do not wait behind them.
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    rests_until = models.DateTimeField(_("left alone until"), null=True)
    last_success_at = models.DateTimeField(_("last taken"), null=True)

    class Meta:
        verbose_name = _("webhook")
        verbose_name_plural = _("webhooks")
        ordering = ("-created_at", "-id")
        constraints = (
            models.CheckConstraint(
                condition=Q(state="paused", paused_at__isnull=False) & ~Q(reason="")
                | Q(state="active", paused_at__isnull=True, reason=""),
                name="feed_paused_since_and_why",
                violation_error_message=_("A webhook that is paused has a time and a reason."),
            ),
            models.CheckConstraint(
                condition=Q(previous_secret="", previous_until__isnull=True)
                | (~Q(previous_secret="") & Q(previous_until__isnull=False)),
                name="feed_older_secret_ends",
                violation_error_message=_("An older secret has an end."),
            ),
        )

    def __str__(self) -> str:
        return self.url
