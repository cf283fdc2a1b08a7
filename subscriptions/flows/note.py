"""What time has done to a subscription since somebody last looked: every rung it passed is told of once, in order.

The clock looks once an hour, and whoever decides about a subscription looks first. What they decide is told of as what
it is, so the state that it leads to counts as told.
"""

from __future__ import annotations

import datetime as dt

from subscriptions.flows.fall_back import fall_back
from subscriptions.ladder import LIVE, SubscriptionState, passed, state_of
from subscriptions.models import Subscription
from subscriptions.services import record_change


def catch_up(subscription: Subscription, now: dt.datetime) -> int:
    """How many rungs were told of. The caller holds the lock of `subscription`, which is a paid one."""
    rungs = passed(subscription, _last_told(subscription), now)
    for at, state in rungs:
        _reach(subscription, state, at)
    return len(rungs)


def settle(subscription: Subscription, now: dt.datetime) -> None:
    """For whoever has decided, and told of it: before they save it."""
    subscription.noted_state = state_of(subscription, now)


def _last_told(subscription: Subscription) -> str:
    """Where nobody has looked yet: as it began."""
    return subscription.noted_state or state_of(subscription, subscription.started_at)


def _reach(subscription: Subscription, state: SubscriptionState, at: dt.datetime) -> None:
    before, subscription.noted_state = _last_told(subscription), state
    if state == SubscriptionState.CANCELLED and subscription.cancelled_at is None:
        subscription.cancelled_at = at
        subscription.waits.all().delete()
    subscription.save(update_fields=("noted_state", "cancelled_at"))
    record_change(
        "subscription.state_changed",
        subscription,
        acting_user=None,
        before=before,
        state=state.value,
        reached_at=at.isoformat(),
    )
    if state not in LIVE:
        fall_back(subscription=subscription, acting_user=None)
