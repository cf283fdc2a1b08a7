"""Units and use over time: a row a day for each paid subscription, and for each free plan as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from subscriptions.ladder import SubscriptionState, state_of
from subscriptions.models import Plan, Subscription, UseOfDay

KEPT = dt.timedelta(days=3 * 366)
AT_ONCE = 1000


@transaction.atomic
def note_use() -> int:
    """Writes the rows of today (UTC), or writes them anew; how many. Those of three years ago go."""
    now = timezone.now()
    today = now.astimezone(dt.UTC).date()
    rows = [*_of_paid(now, today), *_of_free(today)]
    UseOfDay.objects.filter(Q(day=today) | Q(day__lt=today - KEPT)).delete()
    UseOfDay.objects.bulk_create(rows, batch_size=AT_ONCE)
    return len(rows)


def _of_paid(now: dt.datetime, today: dt.date) -> Iterator[UseOfDay]:
    rows = Subscription.objects.filter(plan__is_free=False, cancelled_at__isnull=True)
    for row in _with_use(rows).iterator(AT_ONCE):
        state = state_of(row, now)
        if state != SubscriptionState.CANCELLED:
            yield UseOfDay(
                day=today,
                plan_id=row.plan_id,
                subscription=row,
                state=state,
                units=row.units,
                used=row.used,  # type: ignore[attr-defined]
            )


def _with_use(rows: QuerySet[Subscription]) -> QuerySet[Subscription]:
    return rows.order_by().annotate(used=Count("assigned_licences"))


def _of_free(today: dt.date) -> Iterator[UseOfDay]:
    for plan in Plan.objects.filter(is_free=True):
        live = Subscription.objects.filter(plan=plan, cancelled_at__isnull=True).order_by()
        sums = live.aggregate(
            used=Count("assigned_licences"), subscriptions=Count("pk", distinct=True)
        )
        yield UseOfDay(day=today, plan=plan, **sums)
