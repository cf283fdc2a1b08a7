"""Granting plans and assigning units: what other processes are made of."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from audit.queries import Prepared, insert, one_or_none
from audit.services import record
from subscriptions import signals
from subscriptions.exceptions import HolderMoved, NoUnitLeft
from subscriptions.models import (
    FREE_PLAN,
    AssignedLicence,
    Subscription,
    UnitWait,
    WithheldUnit,
)
from tenants.models import Tenant, User


@transaction.atomic(savepoint=False)
def ensure_free_subscription(
    *, tenant: Tenant, acting_user: User | None, sku: str = FREE_PLAN
) -> Subscription:
    """The tenant's subscription to a free plan, made if there was none."""
    subscription = _subscription(tenant, sku)
    if subscription:
        return subscription
    try:
        with transaction.atomic():
            subscription = Subscription.objects.create(tenant=tenant, plan_id=sku)
    except IntegrityError:
        return _subscriptions_to(tenant.pk, sku).get()
    record_change("subscription.created", subscription, acting_user=acting_user)
    return subscription


def _subscription(tenant: Tenant, sku: str) -> Subscription | None:
    found = next(iter(_held.rows(tenant.pk, sku)), None)
    if found:
        found.tenant = tenant
    return found


def _subscriptions_to(tenant_id: uuid.UUID, sku: str) -> QuerySet[Subscription]:
    """One at most: a constraint."""
    rows = Subscription.objects.order_by()
    return rows.filter(tenant=tenant_id, plan_id=sku, cancelled_at__isnull=True)


_held = Prepared(_subscriptions_to)


def assign_unit(
    *,
    subscription: Subscription,
    user: User,
    acting_user: User | None,
    is_new: bool = False,
    how: AssignedLicence.How = AssignedLicence.How.AUTOMATIC,
) -> AssignedLicence:
    """Assigns a unit, once. Raises NoUnitLeft where all that were bought are assigned, or HolderMoved.

    `is_new`: the account was made in this transaction, so that it cannot have one yet.
    """
    # An open pool turns nobody away, so there is nothing to come back to within a transaction at hand.
    with transaction.atomic(savepoint=subscription.units is not None):
        if subscription.units is not None:
            subscription = locked(subscription)
            _require_holder(subscription, user)
        rows = AssignedLicence.objects.filter(subscription=subscription, user=user)
        assigned = None if is_new else one_or_none(rows)
        if assigned:
            return assigned
        if units_left(subscription) == 0:
            raise NoUnitLeft(subscription.plan_id)
        return give(subscription=subscription, user=user, acting_user=acting_user, how=how)


def _require_holder(subscription: Subscription, user: User) -> None:
    """Whoever takes an organisation over holds the lock as well: afterwards its people may be elsewhere."""
    if not User.objects.filter(pk=user.pk, tenant=subscription.tenant_id).exists():
        raise HolderMoved(str(user.email))


def locked(subscription: Subscription) -> Subscription:
    """The row as it is now. Counting and assigning must not interleave, or the last unit is assigned twice:
    whatever assigns or changes units that were bought holds this lock until it commits.
    """
    return Subscription.objects.select_for_update(no_key=True).get(id=subscription.id)


def units_left(subscription: Subscription) -> int | None:
    """None: an open pool."""
    if subscription.units is None:
        return None
    used = AssignedLicence.objects.filter(subscription=subscription).count()
    return max(subscription.units - used, 0)


def give(
    *,
    subscription: Subscription,
    user: User,
    acting_user: User | None,
    how: AssignedLicence.How,
) -> AssignedLicence:
    """A unit to somebody who has none, where the caller knows that there is one: under `locked`."""
    assigned = AssignedLicence(subscription=subscription, user=user, how=how)
    insert([assigned])
    if subscription.units is not None or how == AssignedLicence.How.HAND:
        UnitWait.objects.filter(subscription=subscription, user=user).delete()
        WithheldUnit.objects.filter(subscription=subscription, user=user).delete()
    _record_unit("licence.assigned", subscription, user, acting_user)
    return assigned


def take(*, assigned: AssignedLicence, acting_user: User | None) -> None:
    assigned.delete()
    _record_unit("licence.removed", assigned.subscription, assigned.user, acting_user)


def _record_unit(
    action: str, subscription: Subscription, user: User, acting_user: User | None
) -> None:
    record(
        action=action,
        subject=f"user:{user.id}",
        tenant_id=subscription.tenant_id,
        acting_user=acting_user,
        details={"plan": subscription.plan_id, "subscription": str(subscription.id)},
    )
    # Nobody counts the units of an open pool.
    if subscription.units is not None:
        signals.unit_changed.send(Subscription, subscription=subscription, what=action)


def record_change(
    action: str, subscription: Subscription, *, acting_user: User | None, **details: object
) -> None:
    """The log's row, and the news for whoever follows subscriptions."""
    record(
        action=action,
        subject=f"subscription:{subscription.id}",
        tenant_id=subscription.tenant_id,
        acting_user=acting_user,
        details={
            "plan": subscription.plan_id,
            "units": subscription.units,
            "trial_ends_at": _iso(subscription.trial_ends_at),
            "ends_at": _iso(subscription.ends_at),
            **details,
        },
    )
    signals.subscription_changed.send(
        Subscription,
        subscription=subscription,
        what=action,
        details=details,
        acting_user=acting_user,
    )


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
