"""Ordering: an administrator places an order, payment happens elsewhere, the operator confirms it and it is done.

The operator's own conversions are orders too, placed and confirmed at once, so that one list has all.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.services import record
from outbox.services import enqueue
from subscriptions import signals
from subscriptions.exceptions import (
    EndRequired,
    NothingOrdered,
    NotOffered,
    NotSold,
    OrderDecided,
    OrderedAlready,
    WhoOrderedMayNotAnyMore,
)
from subscriptions.flows.convert import give_plan, renew_subscription, set_units
from subscriptions.flows.preview import Effect, preview
from subscriptions.ladder import (
    SubscriptionState,
    end_of,
    is_bought,
    months_later,
    state_of,
)
from subscriptions.models import Order, Plan, Subscription
from subscriptions.selectors import is_offered
from tenants import access
from tenants.models import Tenant, User

State = Order.State
CONFIRMED, REFUSED = "subscriptions.order_confirmed", "subscriptions.order_refused"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`months` 0: the end stays as it is. `instead_of`: that subscription becomes this one."""

    tenant: Tenant
    plan: Plan
    units: int
    months: int
    instead_of: Plan | None = None


def look(wanted: Wanted) -> Effect:
    """Who would gain and lose what; changes nothing. Raises what `place` and `confirm` raise."""
    _require_sense(wanted)
    return preview(wanted.tenant, lambda: _carry_out(wanted, None))


@transaction.atomic
def place(*, wanted: Wanted, acting_user: User | None) -> Order:
    """Raises NotAllowed, NotOffered, OrderedAlready, or what stands in the way of it as things are now."""
    access.require_governs(acting_user, wanted.tenant)
    if not access.operates(acting_user) and not may_order(wanted.tenant, wanted.plan):
        raise NotOffered(wanted.plan.name)
    look(wanted)
    try:
        with transaction.atomic():
            order = Order.objects.create(
                tenant=wanted.tenant,
                plan=wanted.plan,
                units=wanted.units,
                months=wanted.months,
                instead_of=wanted.instead_of,
                placed_by_id=acting_user.pk if acting_user else None,
            )
    except IntegrityError:
        raise OrderedAlready(wanted.plan.name) from None
    _note("order.placed", order, acting_user)
    return order


@transaction.atomic
def do_now(*, wanted: Wanted, acting_user: User | None) -> Order:
    """The operator decides without an order of anybody's. Raises as `place` and `confirm` do."""
    access.require_operates(acting_user)
    return confirm(order=place(wanted=wanted, acting_user=acting_user), acting_user=acting_user)


@transaction.atomic
def confirm(*, order: Order, acting_user: User | None) -> Order:
    """It is paid, or will be: what was ordered is done.

    Raises NotAllowed, OrderDecided, WhoOrderedMayNotAnyMore, or what stands in its way.
    """
    access.require_operates(acting_user)
    _require_placer(order)
    order = _decide(order, State.CONFIRMED, acting_user)
    wanted = Wanted(order.tenant, order.plan, order.units, order.months, order.instead_of)
    _carry_out(wanted, acting_user)
    _tell(CONFIRMED, order, acting_user)
    return order


@transaction.atomic
def refuse(*, order: Order, acting_user: User | None) -> Order:
    """Raises NotAllowed or OrderDecided."""
    access.require_operates(acting_user)
    order = _decide(order, State.REFUSED, acting_user)
    _tell(REFUSED, order, acting_user)
    return order


@transaction.atomic
def withdraw(*, order: Order, acting_user: User | None) -> Order:
    """Raises NotAllowed or OrderDecided."""
    access.require_governs(acting_user, order.tenant)
    return _decide(order, State.WITHDRAWN, acting_user)


def may_order(tenant: Tenant, plan: Plan) -> bool:
    """Whether administrators may. Operators may give whatever there is."""
    held = Subscription.objects.filter(tenant=tenant, plan=plan, cancelled_at__isnull=True)
    return is_offered(plan) or held.exists()


def _require_sense(wanted: Wanted) -> None:
    if wanted.plan.is_free:
        raise NotSold(wanted.plan.sku)
    current = _current(wanted)
    if current is None or not is_bought(current):
        if not wanted.months and not wanted.instead_of:
            raise EndRequired
    elif not wanted.months and wanted.units == current.units:
        raise NothingOrdered


def _require_placer(order: Order) -> None:
    """Whoever was found out and lost the role must not buy with an order from before."""
    if order.placed_by_id is None:
        return
    placer = User.objects.filter(pk=order.placed_by_id).first()
    if placer is None or not access.governs(placer, order.tenant):
        raise WhoOrderedMayNotAnyMore


def _current(wanted: Wanted) -> Subscription | None:
    found = Subscription.objects.filter(
        tenant=wanted.tenant, plan=wanted.plan, cancelled_at__isnull=True
    ).first()
    # What was cancelled at its end may not have been noted as such yet.
    is_over = found and state_of(found, timezone.now()) == SubscriptionState.CANCELLED
    return None if is_over else found


def _carry_out(wanted: Wanted, acting_user: User | None) -> None:
    tenant, plan = wanted.tenant, wanted.plan
    current = _current(wanted)
    if current is None or not is_bought(current):
        give_plan(
            tenant=tenant,
            plan=plan,
            units=wanted.units,
            until=_bought_until(wanted, current),
            instead_of=wanted.instead_of,
            acting_user=acting_user,
        )
        return
    if wanted.months:
        renew_subscription(tenant=tenant, plan=plan, months=wanted.months, acting_user=acting_user)
    if wanted.units != current.units:
        set_units(tenant=tenant, plan=plan, units=wanted.units, acting_user=acting_user)


def _bought_until(wanted: Wanted, current: Subscription | None) -> dt.datetime | None:
    """From the end of the trial, so that buying early costs no day of it."""
    if not wanted.months:
        return None
    now = timezone.now()
    end = end_of(current) if current else None
    return months_later(max(now, end) if end else now, wanted.months)


def _decide(order: Order, state: Order.State, acting_user: User | None) -> Order:
    hit = Order.objects.filter(pk=order.pk, state=State.PLACED).update(
        state=state,
        decided_at=timezone.now(),
        decided_by_id=acting_user.pk if acting_user else None,
    )
    if hit != 1:
        raise OrderDecided
    order.refresh_from_db()
    _note(f"order.{state.value}", order, acting_user)
    return order


def _note(what: str, order: Order, acting_user: User | None) -> None:
    record(
        action=what,
        subject=f"order:{order.pk}",
        tenant_id=order.tenant_id,
        acting_user=acting_user,
        details={
            "plan": order.plan_id,
            "units": order.units,
            "months": order.months,
            "instead_of": order.instead_of_id,
        },
    )
    signals.order_changed.send(Order, order=order, what=what)


def _tell(kind: str, order: Order, acting_user: User | None) -> None:
    """Whoever placed it, unless they decided it themselves."""
    if order.placed_by_id is None:
        return
    person = User.objects.filter(pk=order.placed_by_id, state=User.State.ACTIVE).first()
    if person is None or person == acting_user or not person.email:
        return
    enqueue(
        kind=kind,
        to_address=person.email,
        language=person.language,
        context={"plan": order.plan_id, "units": order.units},
    )
