"""How much, and how far ahead: what lies beyond is a slip of the hand, and no date or number of the database."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from subscriptions.exceptions import EndIsOver, EndTooFar, NoSuchNumber
from subscriptions.ladder import months_later

MOST_UNITS = 1_000_000
MOST_YEARS = 100
MOST_MONTHS = 12 * MOST_YEARS
MOST_DAYS = 365 * MOST_YEARS


def require_units(units: int | None) -> None:
    """None: as many as there are. Raises NoSuchNumber."""
    if units is not None and not 1 <= units <= MOST_UNITS:
        raise NoSuchNumber(MOST_UNITS)


def require_months(months: int) -> None:
    """Raises NoSuchNumber."""
    if not 1 <= months <= MOST_MONTHS:
        raise NoSuchNumber(MOST_MONTHS)


def require_end(end: dt.datetime | None) -> None:
    """Raises EndIsOver or EndTooFar."""
    now = timezone.now()
    if end and end <= now:
        raise EndIsOver
    if end and end > months_later(now, MOST_MONTHS):
        raise EndTooFar(MOST_YEARS)
