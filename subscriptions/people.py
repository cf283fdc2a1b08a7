"""Who in an organisation may do what: `capabilities.ask` for all of them at once, as sets.

It looks at active accounts; whether somebody has to prove the mailbox again changes with days, not with plans.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import QuerySet

from subscriptions.capabilities import of_organisation
from subscriptions.models import OF_THE_ORGANISATION, AssignedLicence, Capability, Subscription
from subscriptions.situation import Situation, situation_of
from tenants.models import Tenant, User

MOST_BY_NAME = 5_000


@dataclass(frozen=True, slots=True)
class People:
    """By capability: how many, and who where the organisation is not too large to say."""

    numbers: dict[Capability, int]
    ids: dict[Capability, set[uuid.UUID]]


def people_with(tenant: Tenant, now: dt.datetime) -> People:
    everybody = User.objects.filter(tenant=tenant, state=User.State.ACTIVE).order_by()
    here = situation_of(tenant.pk, now)
    rows = {capability: _who(everybody, here, capability) for capability in Capability}
    if everybody.count() > MOST_BY_NAME:
        return People({capability: who.count() for capability, who in rows.items()}, {})
    ids = {capability: set(who.values_list("pk", flat=True)) for capability, who in rows.items()}
    return People({capability: len(found) for capability, found in ids.items()}, ids)


def _who(everybody: QuerySet[User], here: Situation, capability: Capability) -> QuerySet[User]:
    if capability is Capability.READ:
        return everybody
    if capability in here.free_capabilities:
        return everybody if here.has_paid else _holders(everybody, here.keeping_free())
    if not of_organisation(here, capability).allowed:
        return everybody.none()
    if capability in OF_THE_ORGANISATION:
        return everybody
    return _holders(everybody, here.unlocking(capability))


def _holders(everybody: QuerySet[User], subscriptions: list[Subscription]) -> QuerySet[User]:
    units = AssignedLicence.objects.filter(subscription__in=subscriptions).order_by()
    return everybody.filter(pk__in=units.values("user"))
