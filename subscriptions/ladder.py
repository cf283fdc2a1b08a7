"""The state of a subscription at a moment: one pure function of its dates.

Dates are instants; a day ends at midnight in the installation's time zone, however long it was.
"""

from __future__ import annotations

import calendar
import datetime as dt

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from subscriptions.models import Subscription

GRACE = dt.timedelta(days=30)


class SubscriptionState(models.TextChoices):
    """In the order of the ladder: without a decision, time leads down and never up."""

    TRIAL = "trial", _("trial")
    ACTIVE = "active", _("active")
    GRACE = "grace", _("grace")
    SUSPENDED = "suspended", _("suspended")
    CANCELLED = "cancelled", _("cancelled")


LIVE = frozenset({SubscriptionState.TRIAL, SubscriptionState.ACTIVE, SubscriptionState.GRACE})


def state_of(subscription: Subscription, now: dt.datetime) -> SubscriptionState:
    """Trial until its end, active until the end, grace for 30 days, then suspended.

    A trial that ends without being converted has its grace too; what is cancelled at its end has none.
    """
    if subscription.cancelled_at and now >= subscription.cancelled_at:
        return SubscriptionState.CANCELLED
    if subscription.trial_ends_at and now < subscription.trial_ends_at:
        return SubscriptionState.TRIAL
    end = end_of(subscription)
    if end is None or now < end:
        return SubscriptionState.ACTIVE
    if subscription.cancels_at_end:
        return SubscriptionState.CANCELLED
    return SubscriptionState.GRACE if now < end + GRACE else SubscriptionState.SUSPENDED


def is_bought(subscription: Subscription) -> bool:
    """A trial was not, unless somebody renewed it."""
    return subscription.trial_ends_at is None or subscription.ends_at is not None


def end_of(subscription: Subscription) -> dt.datetime | None:
    """When what was bought, or tried, ends; None where nothing but a decision ends it."""
    return subscription.ends_at or subscription.trial_ends_at


def live_until(subscription: Subscription) -> dt.datetime | None:
    """When the fall back to the free plan comes, if nobody decides otherwise."""
    end = end_of(subscription)
    return end + GRACE if end and not subscription.cancels_at_end else end


def passed(
    subscription: Subscription, before: str, now: dt.datetime
) -> list[tuple[dt.datetime, SubscriptionState]]:
    """The rungs below `before` that time has led to by `now`, in order, and when each was reached."""
    moments = {
        subscription.trial_ends_at,
        end_of(subscription),
        live_until(subscription),
        subscription.cancelled_at,
    }
    rungs: list[tuple[dt.datetime, SubscriptionState]] = []
    for moment in sorted(one for one in moments if one and one <= now):
        state = SubscriptionState(state_of(subscription, moment))
        if state == before:
            rungs.clear()
        elif not rungs or rungs[-1][1] != state:
            rungs.append((moment, state))
    return rungs


def end_of_day(day: dt.date) -> dt.datetime:
    """Midnight after it."""
    after = dt.datetime.combine(day + dt.timedelta(days=1), dt.time())
    return timezone.make_aware(after)


def months_later(moment: dt.datetime, months: int) -> dt.datetime:
    """The same day and time of day so many months later; the last day of a month that has no such day."""
    local = timezone.localtime(moment)
    number = local.month - 1 + months
    year, month = local.year + number // 12, number % 12 + 1
    day = min(local.day, calendar.monthrange(year, month)[1])
    return timezone.make_aware(local.replace(year=year, month=month, day=day, tzinfo=None))
