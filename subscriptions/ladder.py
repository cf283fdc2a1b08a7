"""The state of a subscription at a moment: one pure function of its dates."""

from __future__ import annotations

import datetime as dt

from django.db import models
from django.utils.translation import gettext_lazy as _

from subscriptions.models import Subscription

GRACE = dt.timedelta(days=30)


class SubscriptionState(models.TextChoices):
    TRIAL = "trial", _("trial")
    ACTIVE = "active", _("active")
    GRACE = "grace", _("grace")
    SUSPENDED = "suspended", _("suspended")
    CANCELLED = "cancelled", _("cancelled")


LIVE = frozenset({SubscriptionState.TRIAL, SubscriptionState.ACTIVE, SubscriptionState.GRACE})


def state_of(subscription: Subscription, now: dt.datetime) -> SubscriptionState:
    """Trial until its end, active until the end, grace for 30 days, then suspended.

    A trial that ends without being converted has its grace too. Cancelled from the moment of it.
    """
    if subscription.cancelled_at and now >= subscription.cancelled_at:
        return SubscriptionState.CANCELLED
    if subscription.trial_ends_at and now < subscription.trial_ends_at:
        return SubscriptionState.TRIAL
    end = subscription.ends_at or subscription.trial_ends_at
    if end is None or now < end:
        return SubscriptionState.ACTIVE
    return SubscriptionState.GRACE if now < end + GRACE else SubscriptionState.SUSPENDED
