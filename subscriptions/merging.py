"""Two subscriptions to one plan, where one organisation comes to another: which stays, and what the other adds to it.

- Where theirs has ended it stays ended and adds nothing.
- Where the taker's has ended and theirs has not, theirs goes along, and the taker's is shelved until the way back.
- Else the taker's stays, with its dates. Units that were bought are added to it; a trial adds none, and its people get
  what the taker has left.

On the way back the taker has the units that it bought. Whoever got one since, beyond these, waits for the next.
"""

from __future__ import annotations

import datetime as dt
from enum import Enum

from django.db.models import F, QuerySet
from django.utils import timezone

from subscriptions.flows.note import settle
from subscriptions.ladder import LIVE, is_bought, state_of
from subscriptions.models import AssignedLicence, Subscription, UnitWait, WithheldUnit
from tenants.takeover.registry import Move

RAISED, SHELVED = "raised", "shelved_subscription"


class Meeting(Enum):
    """What becomes of theirs."""

    ADDED = "its units are added to the taker's"
    TRIAL = "its people get what the taker has left"
    OVER = "it has ended"
    INSTEAD = "it goes along in place of the taker's"


def meeting_of(theirs: Subscription, taker: Subscription, now: dt.datetime) -> Meeting:
    if theirs.units is None:
        return Meeting.ADDED
    if state_of(theirs, now) not in LIVE:
        return Meeting.OVER
    if state_of(taker, now) not in LIVE:
        return Meeting.INSTEAD
    return Meeting.ADDED if is_bought(theirs) else Meeting.TRIAL


def merge(move: Move, theirs: Subscription, taker: Subscription) -> None:
    now = timezone.now()
    match meeting_of(theirs, taker, now):
        case Meeting.INSTEAD:
            _cancel(taker, now)
            move.note(SHELVED, [(taker.pk, {})])
            return
        case Meeting.ADDED:
            _raise(move, taker, theirs.units)
            theirs.assigned_licences.update(subscription=taker)
            _merge_lines(theirs, taker)
        case Meeting.TRIAL:
            repoint(theirs.assigned_licences.all(), taker)
        case Meeting.OVER:
            pass
    _cancel(theirs, now)


def _cancel(subscription: Subscription, now: dt.datetime) -> None:
    subscription.cancelled_at = now
    subscription.save(update_fields=("cancelled_at",))


def _raise(move: Move, taker: Subscription, units: int | None) -> None:
    if taker.units is not None and units:
        Subscription.objects.filter(pk=taker.pk).update(units=F("units") + units)
        move.note(RAISED, [(taker.pk, {"by": units})])


def _merge_lines(theirs: Subscription, taker: Subscription) -> None:
    """Who waits goes on waiting, from the same time on, and what is withheld stays so."""
    for model in (UnitWait, WithheldUnit):
        there = model._default_manager.filter(subscription=taker).values_list("user", flat=True)
        rows = model._default_manager.filter(subscription=theirs).exclude(user__in=there)
        rows.update(subscription=taker)


def repoint(units: QuerySet[AssignedLicence], twin: Subscription) -> None:
    """While units last, the oldest first."""
    units = units.exclude(user__in=twin.assigned_licences.values("user"))
    if twin.units is not None:
        room = max(twin.units - twin.assigned_licences.count(), 0)
        oldest = units.order_by("assigned_at", "pk").values_list("pk", flat=True)[:room]
        units = AssignedLicence.objects.filter(pk__in=list(oldest))
    units.update(subscription=twin)


def take_from_shelf(move: Move) -> None:
    """What the taker had, unless it has got the plan anew since."""
    shelved = [row.row_id for row in move.noted(SHELVED)]
    for row in Subscription.objects.select_for_update().filter(pk__in=shelved, tenant=move.source):
        same = Subscription.objects.filter(tenant=row.tenant_id, plan=row.plan_id)
        if not same.filter(cancelled_at__isnull=True).exists():
            row.cancelled_at = None
            settle(row, timezone.now())
            row.save(update_fields=("cancelled_at", "noted_state"))


def lower(move: Move) -> list[AssignedLicence]:
    """Takes back the units that came along; which assigned ones are too many then, the newest first."""
    too_many: list[AssignedLicence] = []
    for row in move.noted(RAISED):
        taker = Subscription.objects.select_for_update().filter(pk=row.row_id).first()
        if taker and taker.units is not None:
            too_many += _lower(move, taker, int(row.before["by"]))
    return too_many


def _lower(move: Move, taker: Subscription, by: int) -> list[AssignedLicence]:
    assert taker.units is not None
    assert move.takeover.done_at
    # Nobody loses what they had before the takeover.
    kept = taker.assigned_licences.filter(assigned_at__lte=move.takeover.done_at).count()
    taker.units = max(taker.units - by, kept)
    taker.save(update_fields=("units",))
    used = taker.assigned_licences.count()
    newest = taker.assigned_licences.select_related("subscription").order_by("-assigned_at", "-pk")
    return list(newest[: max(used - taker.units, 0)])


def wait_again(units: list[AssignedLicence]) -> None:
    """For the next unit, since when they had theirs."""
    UnitWait.objects.bulk_create(
        (
            UnitWait(
                subscription=unit.subscription,
                user_id=unit.user_id,
                how=unit.how,
                since=unit.assigned_at,
            )
            for unit in units
        ),
        ignore_conflicts=True,
    )


def drop_emptied(move: Move) -> None:
    """Subscriptions that were nothing but what came along."""
    came = [row.row_id for row in move.noted(RAISED)]
    Subscription.objects.filter(pk__in=came, units=0).delete()
