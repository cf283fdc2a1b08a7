"""Counting accounts, sign-ups and units: of the installation, or of one organisation.

Reads each account once, which takes a second at a million of them. So it is done by a task, or for whoever looks
first, and kept for some minutes: see keeping.py.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncMonth

from subscriptions.models import AssignedLicence, Subscription
from tenants.models import Tenant, User

DAYS = 30
MONTHS = 12
LATELY = {"week": dt.timedelta(days=7), "month": dt.timedelta(days=30)}
Numbers = dict[str, Any]


def count(tenant_id: uuid.UUID | None, now: dt.datetime) -> Numbers:
    """Plain values, so that they can be kept as JSON."""
    people = User.objects.order_by().filter(tenant__isnull=False)
    if tenant_id:
        people = people.filter(tenant=tenant_id)
    numbers = {
        "accounts": _accounts(people, now),
        "by_day": _by_day(people, now.date()),
        "by_month": _by_month(people, now.date()),
        "plans": _plans(tenant_id),
    }
    return numbers if tenant_id else numbers | {"organisations": _organisations()}


def _accounts(people: QuerySet[User], now: dt.datetime) -> Numbers:
    active = Q(state=User.State.ACTIVE)
    wanted = {state.value: Count("pk", filter=Q(state=state)) for state in User.State}
    wanted |= {
        f"signed_in_{name}": Count("pk", filter=active & Q(last_login__gte=now - length))
        for name, length in LATELY.items()
    }
    wanted |= {
        "administrators": Count("pk", filter=active & Q(role=User.Role.ADMINISTRATOR)),
        "signed_up": Count("pk", filter=Q(creation_method=User.CreationMethod.EMAIL_VERIFIED)),
        "all": Count("pk"),
    }
    return people.aggregate(**wanted)


def _signed_up(people: QuerySet[User]) -> QuerySet[User]:
    return people.filter(creation_method=User.CreationMethod.EMAIL_VERIFIED)


def _by_day(people: QuerySet[User], today: dt.date) -> list[tuple[str, int]]:
    """Sign-ups of each of the last days (UTC), also of those without any."""
    days = [today - dt.timedelta(days=back) for back in reversed(range(DAYS))]
    since = dt.datetime.combine(days[0], dt.time(), tzinfo=dt.UTC)
    rows = _signed_up(people).filter(created_at__gte=since)
    counted = rows.annotate(at=TruncDay("created_at", tzinfo=dt.UTC)).values("at")
    found = {row["at"].date(): row["number"] for row in counted.annotate(number=Count("pk"))}
    return [(day.isoformat(), found.get(day, 0)) for day in days]


def _by_month(people: QuerySet[User], today: dt.date) -> list[tuple[str, int]]:
    months = list(_last_months(today))
    since = dt.datetime.combine(months[0], dt.time(), tzinfo=dt.UTC)
    rows = _signed_up(people).filter(created_at__gte=since)
    counted = rows.annotate(at=TruncMonth("created_at", tzinfo=dt.UTC)).values("at")
    found = {row["at"].date(): row["number"] for row in counted.annotate(number=Count("pk"))}
    return [(month.isoformat(), found.get(month, 0)) for month in months]


def _last_months(today: dt.date) -> Iterator[dt.date]:
    """The first of each, the oldest first, this month last."""
    this = 12 * today.year + today.month - 1
    for number in range(this - MONTHS + 1, this + 1):
        yield dt.date(number // 12, number % 12 + 1, 1)


def _plans(tenant_id: uuid.UUID | None) -> list[Numbers]:
    """Of each plan: in how many organisations, units bought (None: an open pool), units assigned."""
    subscriptions = Subscription.objects.filter(cancelled_at__isnull=True).order_by()
    assigned = AssignedLicence.objects.filter(subscription__cancelled_at__isnull=True).order_by()
    if tenant_id:
        subscriptions = subscriptions.filter(tenant=tenant_id)
        assigned = assigned.filter(subscription__tenant=tenant_id)
    used = dict(assigned.values_list("subscription__plan").annotate(number=Count("pk")).order_by())
    rows = subscriptions.values("plan", "plan__name", "plan__is_free").annotate(
        held=Count("pk"), units=Sum("units")
    )
    return [
        {
            "name": row["plan__name"],
            "organisations": row["held"],
            "units": row["units"],
            "used": used.get(row["plan"], 0),
        }
        for row in sorted(rows, key=lambda row: (row["plan__is_free"], row["plan"]))
    ]


def _organisations() -> Numbers:
    rows = Tenant.objects.order_by().values_list("state").annotate(number=Count("pk"))
    return {state.value: 0 for state in Tenant.State} | dict(rows)
