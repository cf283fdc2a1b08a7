"""How subscriptions look in JSON, for commands and programs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from subscriptions.capabilities import Answer
from subscriptions.flows.preview import Effect
from subscriptions.ladder import state_of
from subscriptions.models import AssignedLicence, Plan, Subscription, UnitWait
from tenants.models import User


def subscription_row(
    subscription: Subscription, *, used: int, waiting: int, now: dt.datetime
) -> dict[str, Any]:
    return {
        "tenant_id": subscription.tenant_id,
        "tenant": subscription.tenant.name,
        "plan": subscription.plan_id,
        "units": subscription.units,
        "used": used,
        "waiting": waiting,
        "state": state_of(subscription, now).value,
        "assignment": subscription.assignment,
        "trial_ends_at": subscription.trial_ends_at,
        "ends_at": subscription.ends_at,
        "cancels_at_end": subscription.cancels_at_end,
    }


def unit_row(user: User, plan: Plan, given: AssignedLicence | UnitWait | None) -> dict[str, Any]:
    return {
        "user_id": user.pk,
        "email": user.email,
        "plan": plan.sku,
        "assigned": isinstance(given, AssignedLicence),
        "waiting": isinstance(given, UnitWait),
    }


def effect_row(effect: Effect) -> dict[str, Any]:
    return {
        "changes": [
            {
                "capability": difference.capability.value,
                "people_before": difference.before,
                "people_after": difference.after,
                "gaining": list(difference.gaining),
                "losing": list(difference.losing),
            }
            for difference in effect.differences
        ],
        "consequences": effect.consequences,
    }


def answer_row(answer: Answer) -> dict[str, Any]:
    return {
        "capability": answer.capability.value,
        "allowed": answer.allowed,
        "reason": answer.reason,
        "remedy": answer.remedy,
    }
