"""Who gains and loses what by a change of plans, said by doing it, looking, and taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from subscriptions import following
from subscriptions.following import Difference
from subscriptions.models import Capability
from subscriptions.people import People, people_with
from tenants.models import Tenant, User

Changed = TypeVar("Changed")
NAMED = 20


@dataclass(frozen=True, slots=True)
class Effect:
    """Of a change of plans: who gains and loses what, and what else it means, in sentences."""

    differences: list[Difference]
    consequences: list[str]


def compared(tenant: Tenant, change: Callable[[], Changed]) -> tuple[Changed, Effect]:
    """Carries `change` out, in the transaction at hand: what it gave, and what it did."""
    before = people_with(tenant, timezone.now())
    done = change()
    after = people_with(tenant, timezone.now())
    differences = [
        _difference(capability, before, after)
        for capability in Capability
        if before.numbers[capability] != after.numbers[capability]
        or before.ids.get(capability) != after.ids.get(capability)
    ]
    return done, Effect(differences, following.consequences(tenant, differences))


def _difference(capability: Capability, before: People, after: People) -> Difference:
    had, has = before.ids.get(capability, set()), after.ids.get(capability, set())
    return Difference(
        capability,
        before.numbers[capability],
        after.numbers[capability],
        gaining=_first(has - had),
        losing=_first(had - has),
    )


def _first(ids: set[uuid.UUID]) -> tuple[str, ...]:
    people = User.objects.filter(pk__in=ids).order_by("email") if ids else User.objects.none()
    return tuple(str(user.email) for user in people[:NAMED])


def preview(tenant: Tenant, change: Callable[[], object]) -> Effect:
    """What `change` would do, and nothing of it stays. Raises what `change` raises."""
    with transaction.atomic():
        _, effect = compared(tenant, change)
        transaction.set_rollback(True)
    return effect
