"""What an organisation has, and what there is to have, as the page of its plans shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.db.models import Q

from subscriptions import facts
from subscriptions.flows.try_out import may_try
from subscriptions.ladder import SubscriptionState, state_of
from subscriptions.models import Capability, Order, Plan, Subscription
from subscriptions.selectors import subscriptions_with_use
from subscriptions.words import sentence
from tenants.models import Tenant

LATEST = 10


@dataclass(frozen=True, slots=True)
class Held:
    subscription: Subscription
    state: SubscriptionState
    words: str
    used: int
    waiting: int
    is_ordered: bool

    @property
    def is_free(self) -> bool:
        return self.subscription.plan.is_free


@dataclass(frozen=True, slots=True)
class Offer:
    """A plan of the catalogue; `may_order`: it costs something, and no order for it waits."""

    plan: Plan
    is_held: bool
    may_order: bool
    may_try: bool


@dataclass(frozen=True, slots=True)
class Overview:
    held: list[Held]
    offers: list[Offer]
    # For each capability, whether each of the offers has it.
    table: list[tuple[Capability, list[bool]]]
    orders: list[Order]


def overview_of(tenant: Tenant, now: dt.datetime, *, decides: bool) -> Overview:
    """`decides`: for operators, who may give what is not offered as well."""
    orders = list(Order.objects.filter(tenant=tenant).select_related("plan")[:LATEST])
    waiting = {order.plan_id for order in orders if order.state == Order.State.PLACED}
    held = _held_by(tenant, waiting, now)
    offers = list(_offers(tenant, held, waiting, decides=decides))
    known = facts.plans(None)
    unlocked = [known[one.plan.sku].capabilities for one in offers if one.plan.sku in known]
    table = [(one, [one in capabilities for capabilities in unlocked]) for one in Capability]
    return Overview(held, offers, table, orders)


def _held_by(tenant: Tenant, ordered: set[str], now: dt.datetime) -> list[Held]:
    return [
        Held(row, state, sentence(row, now), used, waiting, row.plan_id in ordered)
        for row, used, waiting in subscriptions_with_use(tenant)
        if (state := SubscriptionState(state_of(row, now))) != SubscriptionState.CANCELLED
    ]


def _offers(
    tenant: Tenant, held: list[Held], ordered: set[str], *, decides: bool
) -> Iterator[Offer]:
    """Those that unlock something, as far as the question about capabilities knows: a draft is not offered. What is
    offered no more is shown to who has it.
    """
    have = {one.subscription.plan_id for one in held}
    known = [sku for sku, plan in facts.plans(None).items() if plan.capabilities]
    shown = Plan.objects.filter(sku__in=known)
    if not decides:
        shown = shown.filter(Q(is_offered=True) | Q(sku__in=have))
    for plan in sorted(shown, key=_rank):
        yield Offer(
            plan,
            is_held=plan.sku in have,
            may_order=not plan.is_free and plan.sku not in ordered,
            may_try=may_try(tenant, plan),
        )


def _rank(plan: Plan) -> tuple[bool, int, str]:
    """The free one first, then those that unlock more."""
    known = facts.plans(None).get(plan.sku)
    return (not plan.is_free, len(known.capabilities) if known else 0, plan.name)
