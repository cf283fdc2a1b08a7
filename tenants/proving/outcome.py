"""What asking for a proof can end in."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _


class Outcome(models.TextChoices):
    PROVEN = "proven", _("proven")
    NOT_THERE = "not_there", _("not there yet")
    OTHER = "other", _("another value")
    DISAGREE = "disagree", _("servers disagree")
    NOT_ASKED = "not_asked", _("could not be asked")


@dataclass(frozen=True, slots=True)
class Finding:
    """An outcome, and what the servers said, for those who look after them."""

    outcome: Outcome
    detail: str = ""
