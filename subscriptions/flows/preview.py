"""Who gains and loses what by a change of plans, said by doing it, looking, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from subscriptions.models import Capability
from subscriptions.people import people_with
from tenants.models import Tenant

Changed = TypeVar("Changed")


@dataclass(frozen=True, slots=True)
class Difference:
    """How many active accounts have a capability before and after."""

    capability: Capability
    before: int
    after: int


def compared(tenant: Tenant, change: Callable[[], Changed]) -> tuple[Changed, list[Difference]]:
    """Carries `change` out, in the transaction at hand: what it gave, and whom it gave or took what."""
    before = people_with(tenant, timezone.now())
    done = change()
    after = people_with(tenant, timezone.now())
    return done, [
        Difference(capability, before[capability], after[capability])
        for capability in Capability
        if before[capability] != after[capability]
    ]


def preview(tenant: Tenant, change: Callable[[], object]) -> list[Difference]:
    """What `change` would do, and nothing of it stays. Raises what `change` raises."""
    with transaction.atomic():
        _, differences = compared(tenant, change)
        transaction.set_rollback(True)
    return differences
