from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit.services import record
from outbox.models import LONGEST_LINK_LIFE
from signup.models import MailPause, SignUp

KEEP_UNFINISHED = dt.timedelta(days=7)
KEEP_PERSONAL = dt.timedelta(days=7)
KEEP_COMPLETED = dt.timedelta(days=365)
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Purged:
    deleted: int
    forgotten: int


def purge() -> Purged:
    """Deletes what became nothing in 7 days and what was completed a year ago, and pauses that are over.

    A request whose mail was sent again in the meantime stays until the link of that mail is over. Of what
    became a user, nothing personal stays longer than 7 days: the account has it.

    Each batch commits by itself, so that a purge that was interrupted simply runs again.
    """
    now = timezone.now()
    MailPause.objects.filter(until__lt=now).delete()
    return Purged(
        deleted=_in_batches(unfinished(now=now), _delete) + _in_batches(_outlived(now), _delete),
        forgotten=_in_batches(_to_forget(now), _forget),
    )


def unfinished(*, now: dt.datetime) -> QuerySet[SignUp]:
    """Requests that became nothing in time, and whose links are over."""
    asked_again_lately = Q(asked_again_at__gt=now - LONGEST_LINK_LIFE)
    return (
        SignUp.objects.filter(
            ~Q(state=SignUp.State.COMPLETED), created_at__lt=now - KEEP_UNFINISHED
        )
        .exclude(asked_again_lately)
        .order_by("created_at")
    )


def _outlived(now: dt.datetime) -> QuerySet[SignUp]:
    return SignUp.objects.filter(
        state=SignUp.State.COMPLETED, created_at__lt=now - KEEP_COMPLETED
    ).order_by("created_at")


def _to_forget(now: dt.datetime) -> QuerySet[SignUp]:
    return SignUp.objects.filter(
        state=SignUp.State.COMPLETED, address__gt="", ended_at__lt=now - KEEP_PERSONAL
    ).order_by("ended_at")


def _in_batches(rows: QuerySet[SignUp], change: Callable[[QuerySet[SignUp]], int]) -> int:
    total = 0
    while ids := list(rows.values_list("pk", flat=True)[:BATCH]):
        # Asked once more with the change: somebody may have completed a request, or asked for a mail.
        total += change(rows.filter(pk__in=ids))
    return total


@transaction.atomic
def _delete(rows: QuerySet[SignUp]) -> int:
    _, per_model = rows.order_by().delete()
    deleted = per_model.get("signup.SignUp", 0)
    _record("signups.purged", deleted)
    return deleted


@transaction.atomic
def _forget(rows: QuerySet[SignUp]) -> int:
    forgotten = rows.update(address="", return_url="", browser="")
    _record("signups.forgotten", forgotten)
    return forgotten


def _record(action: str, rows: int) -> None:
    record(
        action=action,
        subject="signup:old",
        tenant_id=None,
        acting_user=None,
        details={"rows": rows},
    )
