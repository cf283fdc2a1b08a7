from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from audit.queries import Prepared, one_or_none
from subscriptions.exceptions import NoSuchPlan, NotOnePlan, NotSubscribed
from subscriptions.ladder import LIVE, state_of
from subscriptions.models import (
    FREE_PLAN,
    AssignedLicence,
    Plan,
    ServicePlan,
    Subscription,
    UnitWait,
    WithheldUnit,
)
from tenants.group_selectors import groups_of
from tenants.models import Tenant, User

READ_AT_ONCE = 1000


def get_plan(sku: str) -> Plan:
    """Raises NoSuchPlan, naming those there are."""
    plan = Plan.objects.filter(sku=sku).first()
    if plan is None:
        raise NoSuchPlan(sku, list(Plan.objects.values_list("sku", flat=True)))
    return plan


def is_offered(plan: Plan) -> bool:
    """Whether administrators may order and try it: a draft, which unlocks nothing yet, is not offered either."""
    parts = plan.service_plans.values_list("capabilities", flat=True)
    return plan.is_offered and any(parts)


def self_service_plan(sku: str) -> Plan | None:
    """The plan that a sign-up may ask for by `sku`; anything else grants nothing."""
    return Plan.objects.filter(sku=sku, is_self_service=True).first() if sku else None


def entitling_subscription(tenant: Tenant, now: dt.datetime) -> Subscription | None:
    """The paid subscription with rights management that makes a free one needless, if one is live."""
    if not _paid.values(tenant.id):
        return None
    paid = _paid_subscriptions(tenant.id).select_related("plan")
    return next((row for row in paid if state_of(row, now) in LIVE), None)


def _paid_subscriptions(tenant_id: uuid.UUID) -> QuerySet[Subscription]:
    return Subscription.objects.filter(
        tenant=tenant_id, plan__is_free=False, plan__has_rights_management=True
    )


def has_had_paid(tenant: Tenant) -> bool:
    """Whether the organisation has, or once had, a paid plan with rights management."""
    return bool(_paid.values(tenant.pk))


def _may_come_back(tenant_id: uuid.UUID) -> QuerySet[User]:
    states = (User.State.ACTIVE, User.State.DISABLED)
    return User.objects.filter(tenant=tenant_id, state__in=states).order_by()


def has_people(tenant: Tenant) -> bool:
    return _may_come_back(tenant.pk).exists()


def without_free_unit(free: Subscription) -> QuerySet[User]:
    """Who is in its organisation, has none and may get one: nobody took it away from them."""
    units = AssignedLicence.objects.filter(subscription=free).order_by()
    withheld = WithheldUnit.objects.filter(subscription=free).order_by()
    people = _may_come_back(free.tenant_id).exclude(pk__in=units.values("user"))
    return people.exclude(pk__in=withheld.values("user"))


def has_or_lost_free_unit(user: User) -> bool:
    """Has one, or an administrator took it away."""
    of_free = Q(subscription__plan=FREE_PLAN, subscription__tenant=user.tenant_id)
    return (
        user.assigned_licences.filter(of_free, subscription__cancelled_at__isnull=True).exists()
        or user.withheld_units.filter(of_free).exists()
    )


# Most organisations have none.
_paid = Prepared(lambda tenant_id: _paid_subscriptions(tenant_id).values_list("id"))


def live_subscription(tenant: Tenant, plan: Plan, now: dt.datetime) -> Subscription:
    """Raises NotSubscribed."""
    rows = Subscription.objects.filter(tenant=tenant, plan=plan, cancelled_at__isnull=True)
    subscription = one_or_none(rows)
    if subscription is None or state_of(subscription, now) not in LIVE:
        raise NotSubscribed(tenant.name, plan.sku)
    return subscription


def subscriptions_due_to(user: User, now: dt.datetime) -> list[Subscription]:
    """The paid ones that are to give `user` a unit by their policy; none where one has done so."""
    if user.tenant_id is None or not _paid.values(user.tenant_id):
        return []
    # A role mailbox may be read by strangers: what was bought is for them once somebody has admitted them.
    if not user.is_admitted:
        return []
    live = [row for row in _paid_subscriptions(user.tenant_id) if state_of(row, now) in LIVE]
    if AssignedLicence.objects.filter(user=user, subscription__in=live).exists():
        return []
    withheld = set(user.withheld_units.values_list("subscription_id", flat=True))
    return [row for row in live if row.id not in withheld and _is_due(row, user)]


def _is_due(subscription: Subscription, user: User) -> bool:
    match subscription.assignment:
        case Subscription.Assignment.AUTOMATIC:
            return True
        case Subscription.Assignment.GROUP:
            return subscription.groups.filter(pk__in=groups_of(user)).exists()
        case _:
            return False


def in_line(subscription: Subscription) -> QuerySet[UnitWait]:
    """Who waits for a unit and may have one, the longest waiting first."""
    return UnitWait.objects.select_related("user").filter(
        subscription=subscription,
        user__state=User.State.ACTIVE,
        user__tenant_id=subscription.tenant_id,
    )


def has_unit(user: User, sku: str) -> bool:
    return AssignedLicence.objects.filter(
        user=user, subscription__plan_id=sku, subscription__cancelled_at__isnull=True
    ).exists()


def only_paid_plan(tenant: Tenant) -> Plan:
    """Raises NotOnePlan where there is none, or more than one."""
    rows = Subscription.objects.filter(
        tenant=tenant, plan__is_free=False, cancelled_at__isnull=True
    )
    plans = [row.plan for row in rows.select_related("plan")]
    if len(plans) != 1:
        raise NotOnePlan(tenant.name, [plan.sku for plan in plans])
    return plans[0]


@dataclass(frozen=True, slots=True)
class OwnPlan:
    """A plan of somebody's organisation, as they see it."""

    name: str
    state: str
    has_unit: bool
    waits: bool


def plans_of(user: User) -> list[OwnPlan]:
    """Those that are live, and those that ended while `user` had a unit; the newest of each plan."""
    now = timezone.now()
    units = set(user.assigned_licences.values_list("subscription", flat=True))
    waits = set(user.unit_waits.values_list("subscription", flat=True))
    found: dict[str, OwnPlan] = {}
    rows = Subscription.objects.filter(tenant=user.tenant_id).select_related("plan")
    for row in rows:
        state = state_of(row, now)
        if state in LIVE or row.pk in units:
            own = OwnPlan(row.plan.name, str(state.label), row.pk in units, row.pk in waits)
            found.setdefault(row.plan_id, own)
    return list(found.values())


def waits_of(tenant: Tenant) -> QuerySet[UnitWait]:
    return UnitWait.objects.select_related("user", "subscription").filter(
        subscription__tenant=tenant
    )


def subscriptions_with_use(
    tenant: Tenant | None = None,
) -> Iterator[tuple[Subscription, int, int]]:
    """All subscriptions, or one tenant's, each with how many of its units are assigned, and how many wait for one."""
    rows = Subscription.objects.select_related("plan", "tenant").annotate(
        used=Count("assigned_licences")
    )
    waiting = UnitWait.objects.all()
    if tenant:
        rows = rows.filter(tenant=tenant)
        waiting = waiting.filter(subscription__tenant=tenant)
    counted = waiting.order_by().values_list("subscription").annotate(waiting=Count("pk"))
    waits = dict(counted)
    for row in rows.iterator(READ_AT_ONCE):
        yield row, row.used, waits.get(row.pk, 0)


def as_it_is(row: Plan | ServicePlan) -> dict[str, object]:
    """What the log keeps of an entry of the catalogue."""
    if isinstance(row, ServicePlan):
        return {"title": row.title, "capabilities": row.capabilities}
    return {
        "name": row.name,
        "is_free": row.is_free,
        "is_self_service": row.is_self_service,
        "is_offered": row.is_offered,
        "has_rights_management": row.has_rights_management,
        "service_plans": sorted(row.service_plans.values_list("pk", flat=True)),
    }
