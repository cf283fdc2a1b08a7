"""Trying a plan: an administrator may do so once, for a time and a number of people that the operator set."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from subscriptions.exceptions import NotOffered, NoTrial, NotSold, TooManyToTry
from subscriptions.flows.convert import give_plan
from subscriptions.flows.preview import Effect, preview
from subscriptions.models import Plan, Subscription
from subscriptions.selectors import is_offered
from tenants import access
from tenants.models import Tenant, User


def days() -> int:
    """0: nothing can be tried."""
    found: int = settings.TRIAL_DAYS
    return found


def most_units() -> int:
    found: int = settings.TRIAL_UNITS
    return found


def may_try(tenant: Tenant, plan: Plan) -> bool:
    """Who has had it, as a trial or bought, knows it."""
    had = Subscription.objects.filter(Q(plan=plan) | Q(earlier_plans=plan), tenant=tenant)
    return days() > 0 and not plan.is_free and is_offered(plan) and not had.exists()


def look(*, tenant: Tenant, plan: Plan, units: int) -> Effect:
    """Who would gain what; changes nothing. Raises what `start_trial` raises."""
    return preview(tenant, lambda: _start(tenant, plan, units, None))


@transaction.atomic
def start_trial(
    *, tenant: Tenant, plan: Plan, units: int, acting_user: User | None
) -> Subscription:
    """Raises NotAllowed, NotSold, NotOffered, NoTrial or TooManyToTry."""
    access.require_governs(acting_user, tenant)
    return _start(tenant, plan, units, acting_user)


def _start(tenant: Tenant, plan: Plan, units: int, acting_user: User | None) -> Subscription:
    # One row per tenant decides who of two administrators comes first.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    if plan.is_free:
        raise NotSold(plan.sku)
    if not is_offered(plan):
        raise NotOffered(plan.name)
    if not may_try(tenant, plan):
        raise NoTrial(plan.name)
    if units > most_units():
        raise TooManyToTry(most_units())
    trial = dt.timedelta(days=days())
    return give_plan(tenant=tenant, plan=plan, units=units, trial=trial, acting_user=acting_user)
