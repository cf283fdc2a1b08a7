"""Granting plans and assigning units."""

from __future__ import annotations

import datetime as dt

from django.apps import apps
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.queries import insert, one_or_none
from audit.services import record
from subscriptions import catalogue, selectors
from subscriptions.exceptions import NotSubscribed, NoUnitLeft, TooFewUnits, UnitsRequired
from subscriptions.models import FREE_PLAN, AssignedLicence, Plan, ServicePlan, Subscription
from tenants.models import Tenant, User


@transaction.atomic(savepoint=False)
def ensure_free_subscription(
    *, tenant: Tenant, acting_user: User | None, sku: str = FREE_PLAN
) -> Subscription:
    """The tenant's subscription to a free plan, made if there was none."""
    rows = Subscription.objects.filter(tenant=tenant, plan_id=sku, cancelled_at__isnull=True)
    subscription = one_or_none(rows)
    if subscription:
        return subscription
    try:
        with transaction.atomic():
            subscription = Subscription.objects.create(tenant=tenant, plan_id=sku)
    except IntegrityError:
        return rows.get()
    _record_subscription("subscription.created", subscription, acting_user)
    return subscription


def assign_unit(
    *, subscription: Subscription, user: User, acting_user: User | None, is_new: bool = False
) -> AssignedLicence:
    """Assigns a unit, once. Raises NoUnitLeft where all that were bought are assigned.

    `is_new`: the account was made in this transaction, so that it cannot have one yet.
    """
    # An open pool turns nobody away, so there is nothing to come back to within a transaction at hand.
    with transaction.atomic(savepoint=subscription.units is not None):
        return _assign_unit(subscription, user, acting_user, is_new=is_new)


def _assign_unit(
    subscription: Subscription, user: User, acting_user: User | None, *, is_new: bool
) -> AssignedLicence:
    if subscription.units is not None:
        # Counting and assigning must not interleave, or the last unit is assigned twice.
        subscription = Subscription.objects.select_for_update().get(id=subscription.id)
    rows = AssignedLicence.objects.filter(subscription=subscription, user=user)
    assigned = None if is_new else one_or_none(rows)
    if assigned:
        return assigned
    if subscription.units is not None:
        used = AssignedLicence.objects.filter(subscription=subscription).count()
        if used >= subscription.units:
            raise NoUnitLeft
    assigned = AssignedLicence(subscription=subscription, user=user)
    insert([assigned])
    record(
        action="licence.assigned",
        subject=f"user:{user.id}",
        tenant_id=subscription.tenant_id,
        acting_user=acting_user,
        details={"plan": subscription.plan_id, "subscription": str(subscription.id)},
    )
    return assigned


def assign_after_sign_in(user: User) -> None:
    """Gives somebody who has just authenticated a unit of their organisation's paid plan, while units last.

    Reading needs no unit, so nobody is turned away where none is left.
    """
    if user.tenant is None:
        return
    subscription = selectors.entitling_subscription(user.tenant, timezone.now())
    if subscription is None or selectors.has_unit(user, subscription.plan_id):
        return
    try:
        assign_unit(subscription=subscription, user=user, acting_user=user)
    except NoUnitLeft:
        return


@transaction.atomic
def free_units(*, user: User, acting_user: User | None) -> None:
    """Gives the units of `user` that were bought back to their organisation."""
    bought = AssignedLicence.objects.filter(user=user, subscription__units__isnull=False)
    for assigned in bought.select_related("subscription"):
        assigned.delete()
        record(
            action="licence.removed",
            subject=f"user:{user.id}",
            tenant_id=assigned.subscription.tenant_id,
            acting_user=acting_user,
            details={
                "plan": assigned.subscription.plan_id,
                "subscription": str(assigned.subscription_id),
            },
        )


@transaction.atomic
def convert_subscription(
    *,
    tenant: Tenant,
    plan: Plan,
    units: int | None,
    trial: dt.timedelta | None,
    acting_user: User | None,
) -> Subscription:
    """Gives `tenant` a plan, or changes the units or the trial of the one it has.

    Without `trial` the subscription is bought: a trial that was running becomes active. Raises
    UnitsRequired for a paid plan without units, TooFewUnits below what is assigned.
    """
    if plan.is_free:
        return ensure_free_subscription(tenant=tenant, acting_user=acting_user, sku=plan.sku)
    now = timezone.now()
    trial_ends_at = now + trial if trial else None
    # One row per tenant decides who of two operators comes first.
    Tenant.objects.select_for_update().get(id=tenant.id)
    subscription = Subscription.objects.filter(
        tenant=tenant, plan=plan, cancelled_at__isnull=True
    ).first()
    if subscription is None:
        if not units:
            raise UnitsRequired(plan.sku)
        subscription = Subscription.objects.create(
            tenant=tenant, plan=plan, units=units, started_at=now, trial_ends_at=trial_ends_at
        )
        _record_subscription("subscription.created", subscription, acting_user)
        return subscription
    used = subscription.assigned_licences.count()
    if units is not None and units < used:
        raise TooFewUnits(units, used)
    subscription.units = units or subscription.units
    subscription.trial_ends_at = trial_ends_at
    subscription.ends_at = None
    subscription.save(update_fields=("units", "trial_ends_at", "ends_at"))
    _record_subscription("subscription.changed", subscription, acting_user)
    return subscription


@transaction.atomic
def cancel_subscription(*, tenant: Tenant, plan: Plan, acting_user: User | None) -> Subscription:
    """Ends a subscription now. Accounts and free units stay. Raises NotSubscribed."""
    subscription = (
        Subscription.objects.select_for_update()
        .filter(tenant=tenant, plan=plan, cancelled_at__isnull=True)
        .first()
    )
    if subscription is None:
        raise NotSubscribed(tenant.name, plan.sku)
    subscription.cancelled_at = timezone.now()
    subscription.save(update_fields=("cancelled_at",))
    _record_subscription("subscription.cancelled", subscription, acting_user)
    return subscription


def _record_subscription(action: str, subscription: Subscription, acting_user: User | None) -> None:
    trial = subscription.trial_ends_at
    record(
        action=action,
        subject=f"subscription:{subscription.id}",
        tenant_id=subscription.tenant_id,
        acting_user=acting_user,
        details={
            "plan": subscription.plan_id,
            "units": subscription.units,
            "trial_ends_at": trial.isoformat() if trial else None,
        },
    )


@transaction.atomic
def load_catalogue(*, acting_user: User | None) -> list[str]:
    """Brings the delivered plans into the database; the names of what was made or changed."""
    changed = catalogue.load(apps)
    if changed:
        record(
            action="catalogue.loaded",
            subject="catalogue:shipped",
            tenant_id=None,
            acting_user=acting_user,
            details={"changed": changed},
        )
    return changed


@transaction.atomic
def note_edit(*, row: Plan | ServicePlan, acting_user: User | None, is_new: bool) -> None:
    """What an operator wrote into the catalogue is kept from now on, and the log has it as it is now."""
    type(row)._default_manager.filter(pk=row.pk).update(edited_at=timezone.now())
    kind = "plan" if isinstance(row, Plan) else "service_plan"
    record(
        action=f"{kind}.{'created' if is_new else 'changed'}",
        subject=f"{row._meta.model_name}:{row.pk}",
        tenant_id=None,
        acting_user=acting_user,
        details=selectors.as_it_is(row),
    )
