"""Time passes: ends that are near are told of, and states that have changed are noted.

Nothing depends on it: what somebody may do follows from the ladder at the moment of the question.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from outbox.services import enqueue
from subscriptions.flows.fall_back import fall_back
from subscriptions.flows.note import catch_up, settle
from subscriptions.ladder import GRACE, SubscriptionState, end_of, state_of
from subscriptions.models import EndWarning, Subscription
from subscriptions.services import locked, record_change
from tenants.models import User
from tenants.selectors import administrators_of

WARN_DAYS = (30, 7, 1)
DAY = dt.timedelta(days=1)
ENDS_SOON = "subscriptions.ends_soon"


def warn_of_ends() -> int:
    """Tells administrators 30, 7 and 1 days before a paid subscription ends, once each; how many ends it told of.

    Where the clock has not looked for days, only the nearest of these is told.
    """
    now = timezone.now()
    return sum(_warn(subscription, now) for subscription in _ending(now))


def _ending(now: dt.datetime) -> QuerySet[Subscription]:
    soon = (now, now + WARN_DAYS[0] * DAY)
    bought = Q(ends_at__range=soon)
    tried = Q(ends_at__isnull=True, trial_ends_at__range=soon)
    rows = Subscription.objects.filter(bought | tried, cancelled_at__isnull=True)
    return rows.filter(plan__is_free=False).select_related("tenant", "plan").order_by()


@transaction.atomic
def _warn(subscription: Subscription, now: dt.datetime) -> bool:
    # Two clocks at once: the second one finds what the first has told.
    locked(subscription)
    end = end_of(subscription)
    assert end is not None
    due = [days for days in WARN_DAYS if end - now <= days * DAY]
    told = set(subscription.warnings.filter(ends_at=end).values_list("days", flat=True))
    if not due or min(due) in told:
        return False
    administrators = list(administrators_of(subscription.tenant))
    rows = [
        EndWarning(subscription=subscription, ends_at=end, days=days, told=len(administrators))
        for days in due
        if days not in told
    ]
    EndWarning.objects.bulk_create(rows)
    for administrator in administrators:
        _tell(administrator, subscription, end, min(due))
    # Before the end has come, so that nobody has to wait for the clock then.
    fall_back(subscription=subscription, acting_user=None)
    record_change("subscription.end_warned", subscription, acting_user=None, days=min(due))
    return True


def _tell(administrator: User, subscription: Subscription, end: dt.datetime, days: int) -> None:
    enqueue(
        kind=ENDS_SOON,
        to_address=administrator.email or "",
        language=administrator.language,
        context={
            "plan": subscription.plan_id,
            "organisation": subscription.tenant.name,
            "ends_at": end.isoformat(),
            "days": days,
            "cancels_at_end": subscription.cancels_at_end,
        },
    )


def note_states() -> int:
    """Tells of every state that paid subscriptions came into since the last look; of how many."""
    now = timezone.now()
    return sum(_note(subscription, now) for subscription in _moved(now))


def _moved(now: dt.datetime) -> list[Subscription]:
    paid = Subscription.objects.filter(plan__is_free=False).exclude(
        noted_state=SubscriptionState.CANCELLED
    )
    return [row for row in paid.order_by() if state_of(row, now) != row.noted_state]


@transaction.atomic
def _note(subscription: Subscription, now: dt.datetime) -> bool:
    subscription = locked(subscription)
    told = catch_up(subscription, now)
    settle(subscription, now)
    subscription.save(update_fields=("noted_state",))
    return told > 0


def untold(now: dt.datetime) -> QuerySet[EndWarning]:
    """Ends within 30 days, or within their grace, that no administrator was told of: the operator's dashboard."""
    return EndWarning.objects.filter(
        told=0, ends_at__gt=now - GRACE, subscription__cancelled_at__isnull=True
    )
