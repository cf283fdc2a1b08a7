"""Which changes become events: those of plans that cost something. All run inside the transaction of the change."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from feed.models import Kind
from feed.services import publish
from subscriptions.ladder import SubscriptionState, state_of
from subscriptions.models import Order, Subscription
from subscriptions.signals import order_changed, subscription_changed, unit_changed
from tenants.models import Takeover
from tenants.signals import takeover_noted

KINDS = {
    "subscription.created": Kind.SUBSCRIPTION_CREATED,
    "subscription.changed": Kind.SUBSCRIPTION_CHANGED,
    "subscription.plan_changed": Kind.SUBSCRIPTION_CONVERTED,
    "subscription.renewed": Kind.SUBSCRIPTION_RENEWED,
    "subscription.cancels_at_end": Kind.SUBSCRIPTION_CANCELS,
    "subscription.cancelled": Kind.SUBSCRIPTION_CANCELLED,
}
REACHED = {
    SubscriptionState.GRACE: Kind.ENTERED_GRACE,
    SubscriptionState.SUSPENDED: Kind.SUSPENDED,
}
TAKEOVERS = {
    "takeover.done": Kind.TENANT_TAKEN_OVER,
    "takeover.undone": Kind.TAKEOVER_UNDONE,
    "takeover.stopped": Kind.TAKEOVER_UNDONE,
}


@receiver(subscription_changed)
def tell_of_subscription(
    sender: type[Subscription],
    subscription: Subscription,
    what: str,
    details: dict[str, object],
    **_: Any,
) -> None:
    # An open pool is free; its plan would be one query more for the first sign-up of an organisation.
    if subscription.units is None:
        return
    if what == "subscription.state_changed":
        kinds = _of_time(subscription, str(details["before"]), str(details["state"]))
    else:
        kinds = [KINDS[what]] if what in KINDS else []
    data = facts_of(subscription)
    if "reached_at" in details:
        data["reached_at"] = details["reached_at"]
    for kind in kinds:
        publish(kind=kind, tenant_id=subscription.tenant_id, data=data)


def _of_time(subscription: Subscription, before: str, state: str) -> list[Kind]:
    """What the clock found. What somebody decided has been told of when they did: whoever buys what was tried takes
    the end of the trial away.
    """
    kinds = []
    if before == SubscriptionState.TRIAL and subscription.trial_ends_at:
        kinds.append(Kind.TRIAL_ENDED)
    if state in REACHED:
        kinds.append(REACHED[SubscriptionState(state)])
    if state == SubscriptionState.CANCELLED and subscription.cancels_at_end:
        kinds.append(Kind.SUBSCRIPTION_CANCELLED)
    return kinds


@receiver(unit_changed)
def tell_of_unit(
    sender: type[Subscription], subscription: Subscription, what: str, **_: Any
) -> None:
    facts = facts_of(subscription)
    publish(kind=Kind(what), tenant_id=subscription.tenant_id, data=facts)


@receiver(order_changed)
def tell_of_order(sender: type[Order], order: Order, what: str, **_: Any) -> None:
    """Payment begins here: an order waits until the operator confirms it."""
    data: dict[str, object] = {
        "order": str(order.pk),
        "plan": order.plan_id,
        "instead_of": order.instead_of_id,
        "units": order.units,
        "months": order.months,
        "state": order.state,
    }
    publish(kind=Kind(what), tenant_id=order.tenant_id, data=data)


@receiver(takeover_noted)
def tell_of_takeover(
    sender: type[Takeover], takeover: Takeover, what: str, tenant_id: uuid.UUID, **_: Any
) -> None:
    """Plans that went along, or got more units by it, are told of as they are now."""
    kind = TAKEOVERS.get(what)
    if kind is None:
        return
    data: dict[str, object] = {
        "takeover": str(takeover.pk),
        "kind": takeover.kind,
        "domain": takeover.domain_name,
        "from_tenant_id": str(takeover.source_tenant_id),
        "to_tenant_id": str(takeover.target_tenant_id),
    }
    publish(kind=kind, tenant_id=tenant_id, data=data)
    if takeover.kind == Takeover.Kind.INTERNAL:
        return
    live = Subscription.objects.filter(tenant=tenant_id, cancelled_at__isnull=True)
    for subscription in live.exclude(plan__is_free=True):
        facts = facts_of(subscription)
        publish(kind=Kind.SUBSCRIPTION_CHANGED, tenant_id=tenant_id, data=facts)


def facts_of(subscription: Subscription) -> dict[str, object]:
    """All that billing needs to know of it, as of now: no event has to be read together with another."""
    return {
        "subscription": str(subscription.pk),
        "plan": subscription.plan_id,
        "units": subscription.units,
        "used": subscription.assigned_licences.count(),
        "state": state_of(subscription, timezone.now()).value,
        "started_at": _iso(subscription.started_at),
        "trial_ends_at": _iso(subscription.trial_ends_at),
        "ends_at": _iso(subscription.ends_at),
        "cancelled_at": _iso(subscription.cancelled_at),
        "cancels_at_end": subscription.cancels_at_end,
    }


def _iso(moment: dt.datetime | None) -> str | None:
    return moment.isoformat() if moment else None
