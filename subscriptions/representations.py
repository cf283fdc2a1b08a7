"""How subscriptions look in JSON, for commands and programs."""

from __future__ import annotations

import datetime as dt
from typing import Any

from subscriptions.capabilities import Answer
from subscriptions.ladder import state_of
from subscriptions.models import Subscription


def subscription_row(subscription: Subscription, *, used: int, now: dt.datetime) -> dict[str, Any]:
    return {
        "tenant_id": subscription.tenant_id,
        "tenant": subscription.tenant.name,
        "plan": subscription.plan_id,
        "units": subscription.units,
        "used": used,
        "state": state_of(subscription, now).value,
        "trial_ends_at": subscription.trial_ends_at,
        "ends_at": subscription.ends_at,
    }


def answer_row(answer: Answer) -> dict[str, Any]:
    return {
        "capability": answer.capability.value,
        "allowed": answer.allowed,
        "reason": answer.reason,
        "remedy": answer.remedy,
    }
