from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import Count, QuerySet

from audit.queries import Prepared
from subscriptions.exceptions import NoSuchPlan
from subscriptions.ladder import LIVE, state_of
from subscriptions.models import AssignedLicence, Plan, ServicePlan, Subscription
from tenants.models import Tenant, User


def get_plan(sku: str) -> Plan:
    """Raises NoSuchPlan, naming those there are."""
    plan = Plan.objects.filter(sku=sku).first()
    if plan is None:
        raise NoSuchPlan(sku, list(Plan.objects.values_list("sku", flat=True)))
    return plan


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


# Most organisations have none.
_paid = Prepared(lambda tenant_id: _paid_subscriptions(tenant_id).values_list("id"))


def has_unit(user: User, sku: str) -> bool:
    return AssignedLicence.objects.filter(
        user=user, subscription__plan_id=sku, subscription__cancelled_at__isnull=True
    ).exists()


def subscriptions_with_use(tenant: Tenant | None = None) -> list[tuple[Subscription, int]]:
    """All subscriptions, or one tenant's, each with how many of its units are assigned."""
    rows = Subscription.objects.select_related("plan", "tenant").annotate(
        used=Count("assigned_licences")
    )
    if tenant:
        rows = rows.filter(tenant=tenant)
    return [(row, row.used) for row in rows]


def as_it_is(row: Plan | ServicePlan) -> dict[str, object]:
    """What the log keeps of an entry of the catalogue."""
    if isinstance(row, ServicePlan):
        return {"title": row.title, "capabilities": row.capabilities}
    return {
        "name": row.name,
        "is_free": row.is_free,
        "is_self_service": row.is_self_service,
        "has_rights_management": row.has_rights_management,
        "service_plans": sorted(row.service_plans.values_list("pk", flat=True)),
    }
