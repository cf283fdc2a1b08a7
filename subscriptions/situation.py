"""What an organisation's subscriptions unlock at a moment."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from dataclasses import dataclass

from subscriptions import facts
from subscriptions.ladder import LIVE, state_of
from subscriptions.models import FREE_PLAN, Capability, Subscription


@dataclass(frozen=True, slots=True)
class Situation:
    plans: dict[str, facts.Unlocked]
    subscriptions: tuple[Subscription, ...]
    now: dt.datetime

    @property
    def free_capabilities(self) -> set[Capability]:
        """Reading is among them, whatever becomes of the catalogue."""
        return {Capability.READ} | self._unlocked_by(FREE_PLAN)

    @property
    def has_paid(self) -> bool:
        return any(self._is_live(one) and not self._is_free(one) for one in self.subscriptions)

    def unlocking(self, capability: Capability) -> list[Subscription]:
        """Live ones that unlock it."""
        return [
            one
            for one in self.subscriptions
            if capability in self._unlocked_by(one.plan_id) and self._is_live(one)
        ]

    def keeping_free(self) -> list[Subscription]:
        """Whose units give what the free plan gives: live ones, and paid ones also when they have ended."""
        return [one for one in self.subscriptions if self._is_live(one) or not self._is_free(one)]

    def ended_with(self, capability: Capability) -> set[str]:
        """Plans that unlocked it once; where none does now."""
        had = {one.plan_id for one in self.subscriptions}
        return {sku for sku in had if capability in self._unlocked_by(sku)}

    def plans_with(self, capability: Capability) -> set[str]:
        return {sku for sku, plan in self.plans.items() if capability in plan.capabilities}

    def names(self, skus: Collection[str]) -> tuple[str, ...]:
        return tuple(sorted(self.plans[sku].name for sku in skus if sku in self.plans))

    def _unlocked_by(self, sku: str) -> set[Capability]:
        plan = self.plans.get(sku)
        return plan.capabilities if plan else set()

    def _is_free(self, subscription: Subscription) -> bool:
        plan = self.plans.get(subscription.plan_id)
        return plan is not None and plan.is_free

    def _is_live(self, subscription: Subscription) -> bool:
        return state_of(subscription, self.now) in LIVE


def situation_of(tenant_id: uuid.UUID | None, now: dt.datetime) -> Situation:
    """None: of who belongs to no organisation."""
    return Situation(facts.plans(None), facts.subscriptions_of(tenant_id) if tenant_id else (), now)
