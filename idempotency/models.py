"""Keys by which a request that comes twice is done once."""

from __future__ import annotations

import uuid

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST_KEY = 255


class RequestKey(models.Model):
    """A key that whoever asks chose, unique in its scope: who asks, and for what."""

    class State(models.TextChoices):
        IN_FLIGHT = "in_flight", _("being done")
        DONE = "done", _("done")

    scope = models.CharField(_("scope"), max_length=120)
    key = models.CharField(_("key"), max_length=LONGEST_KEY)
    # Of what was asked for: SHA-256 over its canonical JSON.
    fingerprint = models.CharField(_("fingerprint"), max_length=64)
    # Changes with whoever does it, so that one who was given up cannot finish.
    claim = models.UUIDField(_("claim"), default=uuid.uuid4)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.IN_FLIGHT)
    answer = models.JSONField(_("answer"), null=True, encoder=DjangoJSONEncoder)
    claimed_at = models.DateTimeField(_("claimed"), default=timezone.now)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("key of a request")
        verbose_name_plural = _("keys of requests")
        ordering = ("-created_at", "-id")
        indexes = (models.Index(fields=("created_at",), name="request_keys_by_age"),)
        constraints = (
            models.UniqueConstraint(
                fields=("scope", "key"),
                name="one_request_of_a_key",
                violation_error_message=_("This key was used already."),
            ),
        )

    def __str__(self) -> str:
        return f"{self.scope}: {self.key}"
