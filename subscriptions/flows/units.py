"""Units of people: given by hand, by policy after signing in, taken back, and passed on to whoever waits.

Nobody overtakes who waits: a unit that becomes free is given to the first in line within the same transaction.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from audit.services import gathered, record
from outbox.services import enqueue
from subscriptions import selectors
from subscriptions.exceptions import HolderMoved, NoUnitLeft, NoUnitToRemove
from subscriptions.ladder import LIVE, state_of
from subscriptions.models import (
    AssignedLicence,
    Plan,
    Subscription,
    UnitWait,
    WithheldUnit,
)
from subscriptions.services import assign_unit, give, locked, take, units_left
from tenants import access
from tenants.exceptions import NoOrganisation, NotActive
from tenants.models import Tenant, User

How = AssignedLicence.How
UNIT_FREE = "subscriptions.unit_free"


@transaction.atomic
def assign(
    *, user: User, plan: Plan, acting_user: User | None, may_wait: bool = False
) -> AssignedLicence | UnitWait:
    """Gives `user` a unit of the organisation's live subscription to `plan`; with `may_wait` a place in the line
    where none is left.

    Raises NotAllowed, NoOrganisation, NotActive, NotSubscribed or NoUnitLeft.
    """
    tenant = _tenant_of(user)
    access.require_governs(acting_user, tenant)
    if not user.is_active:
        raise NotActive(str(user.email))
    subscription = selectors.live_subscription(tenant, plan, timezone.now())
    try:
        return assign_unit(
            subscription=subscription, user=user, acting_user=acting_user, how=How.HAND
        )
    except NoUnitLeft:
        if not may_wait:
            raise
    return wait(subscription=subscription, user=user, acting_user=acting_user, how=How.HAND)


@transaction.atomic
def remove(*, user: User, plan: Plan, acting_user: User | None) -> Subscription:
    """Takes the unit back, or the place in the line; it does not come back by itself. Raises NoUnitToRemove."""
    tenant = _tenant_of(user)
    access.require_governs(acting_user, tenant)
    subscription = Subscription.objects.filter(
        tenant=tenant, plan=plan, cancelled_at__isnull=True
    ).first()
    if subscription is None:
        raise NoUnitToRemove(str(user.email), plan.sku)
    locked(subscription)
    assigned = AssignedLicence.objects.filter(subscription=subscription, user=user).first()
    waits, _ = UnitWait.objects.filter(subscription=subscription, user=user).delete()
    if assigned is None and not waits:
        raise NoUnitToRemove(str(user.email), plan.sku)
    if assigned:
        take(assigned=assigned, acting_user=acting_user)
    WithheldUnit.objects.get_or_create(subscription=subscription, user=user)
    serve_waiting(subscription=subscription, acting_user=acting_user)
    return subscription


def assign_after_sign_in(user: User) -> None:
    """Gives somebody who has just authenticated a unit of a paid plan of their organisation, by its policy.

    Reading needs no unit, so nobody is turned away where none is left: they wait for one.
    """
    due = selectors.subscriptions_due_to(user, timezone.now())
    for subscription in due:
        try:
            how = how_by_policy(subscription)
            assign_unit(subscription=subscription, user=user, acting_user=user, how=how)
        except NoUnitLeft:
            continue
        except HolderMoved:
            # The next sign-in finds the plans of where they are by then.
            return
        return
    if due:
        wait(subscription=due[0], user=user, acting_user=user, how=how_by_policy(due[0]))


def how_by_policy(subscription: Subscription) -> AssignedLicence.How:
    is_by_group = subscription.assignment == Subscription.Assignment.GROUP
    return How.GROUP if is_by_group else How.AUTOMATIC


@transaction.atomic
def wait(
    *, subscription: Subscription, user: User, acting_user: User | None, how: AssignedLicence.How
) -> UnitWait:
    """A place in the line, once. Who waits is not kept from a unit any more."""
    waiting, is_new = UnitWait.objects.get_or_create(
        subscription=subscription, user=user, defaults={"how": how}
    )
    if is_new:
        record(
            action="licence.waited_for",
            subject=f"user:{user.id}",
            tenant_id=subscription.tenant_id,
            acting_user=acting_user,
            details={"plan": subscription.plan_id, "subscription": str(subscription.id)},
        )
    # Whoever freed the last unit may have looked before this place was taken.
    serve_waiting(subscription=subscription, acting_user=acting_user)
    return waiting


@transaction.atomic
def serve_waiting(*, subscription: Subscription, acting_user: User | None) -> int:
    """Gives what is free to those who wait longest, and tells them; how many there were."""
    if not UnitWait.objects.filter(subscription=subscription).exists():
        return 0
    subscription = locked(subscription)
    left = units_left(subscription)
    if left is None or state_of(subscription, timezone.now()) not in LIVE:
        return 0
    waits = list(selectors.in_line(subscription)[:left])
    with gathered():
        for waiting in waits:
            give(
                subscription=subscription,
                user=waiting.user,
                acting_user=acting_user,
                how=How(waiting.how),
            )
    for waiting in waits:
        _tell(waiting, subscription)
    return len(waits)


def _tell(waiting: UnitWait, subscription: Subscription) -> None:
    enqueue(
        kind=UNIT_FREE,
        to_address=waiting.user.email or "",
        language=waiting.user.language,
        context={"plan": subscription.plan_id},
    )


@transaction.atomic
def free_units(*, user: User, acting_user: User | None) -> None:
    """Gives the units of `user` that were bought back to their organisation, and to whoever waits there."""
    UnitWait.objects.filter(user=user).delete()
    bought = AssignedLicence.objects.filter(user=user, subscription__units__isnull=False)
    # In one order, so that two who leave at once do not wait for each other.
    for assigned in bought.select_related("subscription", "user").order_by("subscription_id"):
        locked(assigned.subscription)
        take(assigned=assigned, acting_user=acting_user)
        serve_waiting(subscription=assigned.subscription, acting_user=acting_user)


def _tenant_of(user: User) -> Tenant:
    if user.tenant is None:
        raise NoOrganisation(str(user.email))
    return user.tenant
