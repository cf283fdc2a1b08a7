"""Giving an organisation a plan, and changing the one it has. Same tenant, accounts, keys: nobody notices."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from subscriptions.bounds import require_end, require_months, require_units
from subscriptions.exceptions import (
    NothingToRenew,
    NotSold,
    NotSubscribed,
    SubscribedAlready,
    TooFewUnits,
    UnitsRequired,
)
from subscriptions.flows.note import catch_up, settle
from subscriptions.flows.units import serve_waiting
from subscriptions.ladder import LIVE, end_of, months_later, state_of
from subscriptions.models import Plan, Subscription
from subscriptions.services import ensure_free_subscription, locked, record_change
from tenants import access
from tenants.models import Tenant, User


@transaction.atomic
def convert_subscription(
    *,
    tenant: Tenant,
    plan: Plan,
    acting_user: User | None,
    units: int | None = None,
    trial: dt.timedelta | None = None,
    until: dt.datetime | None = None,
    is_endless: bool = False,
    instead_of: Plan | None = None,
) -> Subscription:
    """Gives `tenant` a plan, or changes the units, trial or end of the one it has.

    Without `trial` the subscription is bought: a trial that was running becomes active, until `until` or
    without end. What was bought keeps an end that is still to come, unless `until`, or `is_endless`, says otherwise.
    `instead_of`: the subscription to that plan becomes one to this, up or down, with the units
    that are assigned. Raises NotAllowed, UnitsRequired for a paid plan without units, TooFewUnits below what
    is assigned, NoSuchNumber, EndIsOver, EndTooFar, NotSold, NotSubscribed or SubscribedAlready.
    """
    access.require_operates(acting_user)
    return give_plan(
        tenant=tenant,
        plan=plan,
        acting_user=acting_user,
        units=units,
        trial=trial,
        until=until,
        is_endless=is_endless,
        instead_of=instead_of,
    )


@transaction.atomic
def give_plan(
    *,
    tenant: Tenant,
    plan: Plan,
    acting_user: User | None,
    units: int | None = None,
    trial: dt.timedelta | None = None,
    until: dt.datetime | None = None,
    is_endless: bool = False,
    instead_of: Plan | None = None,
) -> Subscription:
    """The same, for processes that have asked themselves who may."""
    now = timezone.now()
    require_end(until)
    if plan.is_free:
        if units is not None or trial or until or instead_of:
            raise NotSold(plan.sku)
        return ensure_free_subscription(tenant=tenant, acting_user=acting_user, sku=plan.sku)
    trial_ends_at = now + trial if trial else None
    require_units(units)
    require_end(trial_ends_at)
    _queue_for(tenant)
    if instead_of:
        _replace(tenant, instead_of, plan, acting_user)
    subscription = _current(tenant, plan)
    if subscription is None:
        if not units:
            raise UnitsRequired(plan.sku)
        subscription = Subscription(
            tenant=tenant,
            plan=plan,
            units=units,
            started_at=now,
            trial_ends_at=trial_ends_at,
            ends_at=until,
        )
        settle(subscription, now)
        subscription.save()
        record_change("subscription.created", subscription, acting_user=acting_user)
        return subscription
    subscription.units = _enough(subscription, units)
    # What is only changed in units or plan keeps its dates, unless new ones are given with it.
    keeps = instead_of is not None or _ends_later(subscription, now)
    if trial or until or is_endless or not keeps:
        subscription.trial_ends_at, subscription.ends_at = trial_ends_at, until
        subscription.cancels_at_end = False
    _save(subscription, "subscription.changed", acting_user)
    return subscription


@transaction.atomic
def renew_subscription(
    *, tenant: Tenant, plan: Plan, months: int, acting_user: User | None
) -> Subscription:
    """So many months more: from its end, also in grace, or from now where it has fallen back already.

    A trial that is renewed goes on as bought when it ends. Raises NotAllowed, NoSuchNumber, EndTooFar, NotSold,
    NotSubscribed or NothingToRenew.
    """
    access.require_operates(acting_user)
    require_months(months)
    if plan.is_free:
        raise NotSold(plan.sku)
    _queue_for(tenant)
    subscription = _current(tenant, plan)
    if subscription is None:
        raise NotSubscribed(tenant.name, plan.sku)
    if end_of(subscription) is None:
        raise NothingToRenew(tenant.name, plan.sku)
    subscription.ends_at = _renewed_until(subscription, months)
    require_end(subscription.ends_at)
    subscription.cancels_at_end = False
    _save(subscription, "subscription.renewed", acting_user)
    return subscription


@transaction.atomic
def set_units(*, tenant: Tenant, plan: Plan, units: int, acting_user: User | None) -> Subscription:
    """Other units, and nothing else. Raises NotAllowed, NoSuchNumber, NotSold, NotSubscribed or TooFewUnits."""
    access.require_operates(acting_user)
    require_units(units)
    if plan.is_free:
        raise NotSold(plan.sku)
    _queue_for(tenant)
    subscription = _current(tenant, plan)
    if subscription is None:
        raise NotSubscribed(tenant.name, plan.sku)
    subscription.units = _enough(subscription, units)
    _save(subscription, "subscription.changed", acting_user)
    return subscription


def _ends_later(subscription: Subscription, now: dt.datetime) -> bool:
    return subscription.ends_at is not None and subscription.ends_at > now


def _renewed_until(subscription: Subscription, months: int) -> dt.datetime:
    now = timezone.now()
    end = end_of(subscription)
    if end and state_of(subscription, now) in LIVE:
        renewed = months_later(end, months)
        if renewed > now:
            return renewed
    return months_later(now, months)


def _queue_for(tenant: Tenant) -> None:
    """One row per tenant decides who of two operators comes first."""
    Tenant.objects.select_for_update(no_key=True).get(id=tenant.id)


def _current(tenant: Tenant, plan: Plan) -> Subscription | None:
    """Locked: while its units change, none is assigned. What time has done to it is told of first."""
    subscription = Subscription.objects.filter(
        tenant=tenant, plan=plan, cancelled_at__isnull=True
    ).first()
    if subscription is None or plan.is_free:
        return subscription
    subscription = locked(subscription)
    catch_up(subscription, timezone.now())
    return None if subscription.cancelled_at else subscription


def _replace(tenant: Tenant, before: Plan, plan: Plan, acting_user: User | None) -> None:
    subscription = _current(tenant, before)
    if before.is_free:
        raise NotSold(before.sku)
    if subscription is None:
        raise NotSubscribed(tenant.name, before.sku)
    if before == plan or _current(tenant, plan):
        raise SubscribedAlready(tenant.name, plan.sku)
    subscription.earlier_plans.add(before)
    subscription.plan = plan
    subscription.save(update_fields=("plan",))
    record_change(
        "subscription.plan_changed", subscription, acting_user=acting_user, before=before.sku
    )


def _enough(subscription: Subscription, units: int | None) -> int | None:
    used = subscription.assigned_licences.count()
    if units is not None and units < used:
        raise TooFewUnits(units, used)
    return units or subscription.units


def _save(subscription: Subscription, action: str, acting_user: User | None) -> None:
    settle(subscription, timezone.now())
    fields = ("units", "trial_ends_at", "ends_at", "cancels_at_end", "noted_state")
    subscription.save(update_fields=fields)
    record_change(action, subscription, acting_user=acting_user)
    serve_waiting(subscription=subscription, acting_user=acting_user)
