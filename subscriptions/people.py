"""How many people of an organisation may do what: `capabilities.ask` for all of them at once, as sets.

It counts active accounts; whether somebody has to prove the mailbox again changes with days, not with plans.
"""

from __future__ import annotations

import datetime as dt

from django.db.models import QuerySet

from subscriptions.capabilities import of_organisation
from subscriptions.models import OF_THE_ORGANISATION, AssignedLicence, Capability, Subscription
from subscriptions.situation import Situation, situation_of
from tenants.models import Tenant, User


def people_with(tenant: Tenant, now: dt.datetime) -> dict[Capability, int]:
    everybody = User.objects.filter(tenant=tenant, state=User.State.ACTIVE)
    here = situation_of(tenant.pk, now)
    return {capability: _who(everybody, here, capability).count() for capability in Capability}


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
