"""Counts are kept for some minutes, with the time that they are of. Many accounts are counted by a worker alone: nobody
waits for a page until all of them were read.
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils import timezone

from outbox import announcing
from rms_portal.dashboard.counting import count
from rms_portal.models import Tally
from tenants.models import User

GOOD_FOR = dt.timedelta(minutes=5)
FORGOTTEN_AFTER = dt.timedelta(days=1)
INSTALLATION = "installation"
TASK = "rms_portal.tasks.count_for"
# Accounts that are counted while somebody waits: some milliseconds.
MOST_AT_ONCE = 2_000
# A worker that comes to it later finds that whoever asked has asked again.
ASKED_FOR = 60.0  # seconds


def tally(tenant_id: uuid.UUID | None) -> Tally | None:
    """The kept one, if it is good still; otherwise one that is counted now. Of many accounts the older one, while a
    worker counts anew; None where there is none yet.
    """
    kept = newest(tenant_id)
    if kept and kept.counted_at > timezone.now() - GOOD_FOR:
        return kept
    if not _has_many(tenant_id):
        return count_anew(tenant_id)
    announcing.ask(TASK, _name(tenant_id), expires=ASKED_FOR)
    return kept


def newest(tenant_id: uuid.UUID | None) -> Tally | None:
    return Tally.objects.filter(of=_name(tenant_id)).first()


def _has_many(tenant_id: uuid.UUID | None) -> bool:
    people = User.objects.order_by()
    if tenant_id:
        people = people.filter(tenant=tenant_id)
    return people[: MOST_AT_ONCE + 1].count() > MOST_AT_ONCE


def count_for(of: str) -> None:
    """For a dashboard by the name of its count, unless another worker has done it meanwhile."""
    tenant_id = None if of == INSTALLATION else uuid.UUID(of)
    kept = newest(tenant_id)
    if kept is None or kept.counted_at <= timezone.now() - GOOD_FOR:
        count_anew(tenant_id)


def count_anew(tenant_id: uuid.UUID | None) -> Tally:
    now = timezone.now()
    values = {"counted_at": now, "numbers": count(tenant_id, now)}
    row, _ = Tally.objects.update_or_create(of=_name(tenant_id), defaults=values)
    # As it comes back from the database: the same whether or not it was kept.
    row.refresh_from_db()
    return row


def forget() -> None:
    Tally.objects.filter(counted_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()


def _name(tenant_id: uuid.UUID | None) -> str:
    return str(tenant_id) if tenant_id else INSTALLATION
