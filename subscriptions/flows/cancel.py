"""Ending a subscription, at once or at its end. Accounts, units and the free plan stay."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from subscriptions.exceptions import NoEnd, NotSubscribed
from subscriptions.flows.fall_back import fall_back
from subscriptions.flows.note import catch_up, settle
from subscriptions.ladder import end_of
from subscriptions.models import Plan, Subscription
from subscriptions.services import record_change
from tenants import access
from tenants.models import Tenant, User


@transaction.atomic
def cancel_subscription(
    *, tenant: Tenant, plan: Plan, acting_user: User | None, at_end: bool = False
) -> Subscription:
    """Raises NotAllowed, NotSubscribed, or NoEnd where there is no end at which it could be cancelled."""
    access.require_governs(acting_user, tenant)
    subscription = (
        Subscription.objects.select_for_update(no_key=True)
        .filter(tenant=tenant, plan=plan, cancelled_at__isnull=True)
        .first()
    )
    now = timezone.now()
    if subscription and not plan.is_free:
        catch_up(subscription, now)
    if subscription is None or subscription.cancelled_at:
        raise NotSubscribed(tenant.name, plan.sku)
    if at_end:
        return _at_end(subscription, acting_user, now)
    subscription.cancelled_at = now
    settle(subscription, now)
    subscription.save(update_fields=("cancelled_at", "noted_state"))
    subscription.waits.all().delete()
    record_change("subscription.cancelled", subscription, acting_user=acting_user)
    if not plan.is_free:
        fall_back(subscription=subscription, acting_user=acting_user)
    return subscription


def _at_end(subscription: Subscription, acting_user: User | None, now: dt.datetime) -> Subscription:
    end = end_of(subscription)
    if end is None or end <= now:
        raise NoEnd(subscription.plan_id)
    subscription.cancels_at_end = True
    subscription.save(update_fields=("cancels_at_end",))
    record_change("subscription.cancels_at_end", subscription, acting_user=acting_user)
    fall_back(subscription=subscription, acting_user=acting_user)
    return subscription
