"""What commands about plans share."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from audit.commands import Row
from audit.exceptions import Refusal
from subscriptions.ladder import end_of_day
from subscriptions.models import Subscription
from subscriptions.representations import subscription_row


def changed_row(subscription: Subscription) -> Row:
    used = subscription.assigned_licences.count()
    waiting = subscription.waits.count()
    return subscription_row(subscription, used=used, waiting=waiting, now=timezone.now())


def number(name: str, value: int | None, *, most: int) -> int | None:
    if value is not None and not 1 <= value <= most:
        raise Refusal(f"--{name} must be from 1 to {most}.")
    return value


def end(text: str | None) -> dt.datetime | None:
    """`2027-02-28`: the end of that day in the installation's time zone."""
    if text is None:
        return None
    try:
        return end_of_day(dt.date.fromisoformat(text))
    except (ValueError, OverflowError):
        raise Refusal(f"{text!r} is not a day: write it as 2027-02-28.") from None
