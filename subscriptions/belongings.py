"""How subscriptions and units go along when a domain goes from one tenant to another.

- All subscriptions of a tenant of which nothing is left go along. Where both have the same plan: merging.py.
- Where the source keeps other domains, what was bought stays with it, and bought units of those who go are freed.
- A unit of a free plan is always one of the tenant that its holder is in.
- The way back gives each tenant what it had. Units that somebody got since, of a plan that does not go with them,
  are freed; nobody loses one that they had before.
- Who waits for a unit waits on where the subscription went, if they went too; else not any more.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from audit.services import gathered, record
from subscriptions.belonging_lines import lines_of
from subscriptions.flows.note import settle
from subscriptions.flows.units import serve_waiting
from subscriptions.merging import (
    RAISED,
    drop_emptied,
    lower,
    merge,
    repoint,
    take_from_shelf,
    wait_again,
)
from subscriptions.models import AssignedLicence, Subscription, UnitWait, WithheldUnit
from subscriptions.services import ensure_free_subscription
from tenants.models import MovedRow
from tenants.takeover.registry import Belonging, Move, register

SUBSCRIPTION, FREED = "subscription", "freed_unit"


def _move_subscriptions(move: Move) -> None:
    _wait_for_assigners(move)
    if move.is_back:
        _back(move)
    elif move.is_whole:
        _all(move)
    else:
        _rehome(move)
    _tidy(move)


def _wait_for_assigners(move: Move) -> None:
    """Who gives a unit just now ends before; who comes later finds where its holder is."""
    bought = Subscription.objects.filter(
        tenant__in=(move.source, move.target), units__isnull=False, cancelled_at__isnull=True
    )
    list(bought.select_for_update(no_key=True).order_by("pk"))


def _all(move: Move) -> None:
    going = list(Subscription.objects.filter(tenant=move.source))
    twins = _twins(move)
    for subscription in going:
        twin = None if subscription.cancelled_at else twins.get(subscription.plan_id)
        move.note(SUBSCRIPTION, [(subscription.pk, _as_before(subscription))])
        if twin:
            merge(move, subscription, twin)
    Subscription.objects.filter(tenant=move.source).update(tenant=move.target)


def _tidy(move: Move) -> None:
    """Nobody waits in an organisation that they are not in, no group of one fills another's plan, and units that
    came or became free are for those who wait.
    """
    both = Subscription.objects.filter(tenant__in=(move.source, move.target))
    for model in (UnitWait, WithheldUnit):
        strangers = model._default_manager.filter(subscription__in=both)
        strangers.exclude(user__tenant=F("subscription__tenant")).delete()
    links = Subscription.groups.through._default_manager.filter(subscription__in=both)
    links.exclude(group__tenant=F("subscription__tenant")).delete()
    for subscription in both.filter(units__isnull=False).order_by("pk"):
        serve_waiting(subscription=subscription, acting_user=move.acting_user)


def _twins(move: Move) -> dict[str, Subscription]:
    """The target's live subscriptions, by plan; free ones of plans that the source has are made."""
    free = Subscription.objects.filter(
        tenant=move.source, plan__is_free=True, cancelled_at__isnull=True
    )
    for sku in list(free.values_list("plan", flat=True)):
        ensure_free_subscription(tenant=move.target, acting_user=move.acting_user, sku=sku)
    live = Subscription.objects.select_for_update(of=("self",)).filter(
        tenant=move.target, cancelled_at__isnull=True
    )
    return {subscription.plan_id: subscription for subscription in live}


def _as_before(subscription: Subscription) -> dict[str, object]:
    cancelled = subscription.cancelled_at
    return {
        "cancelled_at": cancelled.isoformat() if cancelled else None,
        "units": subscription.units,
    }


def _back(move: Move) -> None:
    """Each tenant has what it had, then whoever goes has a unit of the tenant they are in."""
    returning = {row.row_id: row.before for row in move.noted(SUBSCRIPTION)}
    for subscription in Subscription.objects.select_for_update().filter(pk__in=list(returning)):
        _give_back(move, subscription, returning[subscription.pk])
    _free(move, _units_in(returning).exclude(user__in=move.people))
    _rehome(move)
    take_from_shelf(move)
    too_many = lower(move)
    _free(move, AssignedLicence.objects.filter(pk__in=[unit.pk for unit in too_many]))
    wait_again(too_many)
    drop_emptied(move)
    _assign_again(move)


def _give_back(move: Move, subscription: Subscription, before: dict[str, Any]) -> None:
    """Units that were added since, by another takeover or an order, stay, in a subscription of their own."""
    was_live, units = subscription.cancelled_at is None, subscription.units
    cancelled = before["cancelled_at"] and parse_datetime(before["cancelled_at"])
    subscription.tenant, subscription.cancelled_at = move.target, cancelled
    if subscription.units is not None:
        settle(subscription, timezone.now())
    if units is not None and before["units"] is not None:
        subscription.units = min(units, before["units"])
    subscription.save(update_fields=("tenant", "cancelled_at", "units", "noted_state"))
    added = (units or 0) - (subscription.units or 0)
    if was_live and added > 0:
        _keep(move, subscription, added)


def _keep(move: Move, subscription: Subscription, units: int) -> None:
    kept = Subscription.objects.create(
        tenant=move.source,
        plan=subscription.plan,
        units=units,
        started_at=subscription.started_at,
        trial_ends_at=subscription.trial_ends_at,
        ends_at=subscription.ends_at,
        noted_state=subscription.noted_state,
    )
    repoint(subscription.assigned_licences.exclude(user__in=move.people), kept)
    raised = MovedRow.objects.filter(kind=RAISED, row_id=subscription.pk, is_back=False)
    raised.exclude(takeover=move.takeover).update(row_id=kept.pk)


def _units_in(subscriptions: Any) -> QuerySet[AssignedLicence]:
    return AssignedLicence.objects.filter(subscription__in=list(subscriptions))


def _rehome(move: Move) -> None:
    """Units of those who go, of subscriptions that stay, become units of their tenant's own, or are freed."""
    staying = Subscription.objects.filter(tenant=move.source, cancelled_at__isnull=True)
    twins = _twins(move)
    for subscription in staying:
        units = AssignedLicence.objects.filter(subscription=subscription, user__in=move.people)
        twin = twins.get(subscription.plan_id)
        if twin and (move.is_back or subscription.units is None):
            repoint(units, twin)
        _free(move, units)


def _free(move: Move, units: QuerySet[AssignedLicence]) -> None:
    rows = list(units.select_related("subscription"))
    if not move.is_back:
        move.note(FREED, ((unit.user_id, _as_json(unit)) for unit in rows))
    with gathered():
        for unit in rows:
            record(
                action="licence.removed",
                subject=f"user:{unit.user_id}",
                tenant_id=unit.subscription.tenant_id,
                acting_user=move.acting_user,
                details={
                    "plan": unit.subscription.plan_id,
                    "subscription": str(unit.subscription_id),
                    "takeover": str(move.takeover.pk),
                },
            )
    AssignedLicence.objects.filter(pk__in=[unit.pk for unit in rows]).delete()


def _as_json(unit: AssignedLicence) -> dict[str, object]:
    return {
        "id": str(unit.pk),
        "subscription": str(unit.subscription_id),
        "assigned_at": unit.assigned_at.isoformat(),
    }


def _assign_again(move: Move) -> None:
    """Bought units that were freed on the way there, while there is room."""
    for row in move.noted(FREED):
        subscription = Subscription.objects.filter(
            pk=row.before["subscription"], tenant=move.target, cancelled_at__isnull=True
        ).first()
        if subscription is None or not move.people.filter(pk=row.row_id).exists():
            continue
        used = subscription.assigned_licences.count()
        if subscription.units is None or used < subscription.units:
            AssignedLicence.objects.get_or_create(
                subscription=subscription,
                user_id=row.row_id,
                defaults={
                    "id": row.before["id"],
                    "assigned_at": dt.datetime.fromisoformat(row.before["assigned_at"]),
                },
            )


register(
    Belonging(
        "subscriptions",
        (Subscription, AssignedLicence, UnitWait, WithheldUnit),
        _move_subscriptions,
        lines_of,
    )
)
