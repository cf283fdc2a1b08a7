"""What the installation knows about itself."""

from __future__ import annotations

from django.db import models
from django.utils import timezone


class KeyMark(models.Model):
    """A value that follows from a key of the settings: tells whether the key is the one of this database."""

    name = models.CharField(max_length=40, primary_key=True)
    mark = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name


class Tally(models.Model):
    """What was counted for a dashboard, kept for some minutes; it can be counted anew at any time."""

    # "installation", or the id of a tenant.
    of = models.CharField(max_length=40, primary_key=True)
    counted_at = models.DateTimeField(default=timezone.now)
    numbers = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.of
