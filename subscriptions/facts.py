"""What the question of capabilities is answered from: the catalogue, an organisation's subscriptions, a person's units."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.utils import timezone

from audit.queries import one_or_none
from subscriptions.models import AssignedLicence, Capability, Plan, Subscription
from subscriptions.remembering import remembered
from tenants.models import User
from tenants.standing import Standing, opening


@dataclass(slots=True)
class Unlocked:
    """A plan, as far as the question needs it."""

    name: str
    is_free: bool
    capabilities: set[Capability] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class OfAPerson:
    standing: Standing
    tenant_id: uuid.UUID | None = None
    units: frozenset[uuid.UUID] = frozenset()


def _catalogue(_: None) -> dict[str, Unlocked]:
    """By part number. A name that this version does not know unlocks nothing."""
    plans: dict[str, Unlocked] = {}
    known = {capability.value: capability for capability in Capability}
    rows = Plan.objects.values_list("sku", "name", "is_free", "service_plans__capabilities")
    for sku, name, is_free, names in rows:
        plan = plans.setdefault(sku, Unlocked(name, is_free))
        plan.capabilities |= {known[one] for one in names or () if one in known}
    return plans


def _subscriptions(tenant_id: uuid.UUID) -> tuple[Subscription, ...]:
    """Also those that have ended: they say why something is not there any more."""
    return tuple(Subscription.objects.filter(tenant=tenant_id))


def _person(user_id: uuid.UUID) -> OfAPerson:
    user = one_or_none(User.objects.filter(pk=user_id))
    if user is None:
        return OfAPerson(Standing.NOT_ACTIVE)
    units = AssignedLicence.objects.filter(user=user).order_by()
    return OfAPerson(
        opening(user, now=timezone.now()),
        user.tenant_id,
        frozenset(units.values_list("subscription_id", flat=True)),
    )


plans = remembered(_catalogue)
subscriptions_of = remembered(_subscriptions)
person = remembered(_person)
