"""Who gains and loses what by a change of plans, said by doing it, looking, and taking it back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from subscriptions import following
from subscriptions.capabilities import of_organisation
from subscriptions.following import Difference
from subscriptions.models import OF_THE_ORGANISATION, Capability
from subscriptions.people import People, people_with
from subscriptions.situation import Situation, situation_of
from tenants.models import Tenant, User

Changed = TypeVar("Changed")
NAMED = 20


@dataclass(frozen=True, slots=True)
class Effect:
    """Of a change of plans: who gains and loses what, and what else it means, in sentences.

    `names_people`: not of very large organisations, of which there are numbers alone.
    """

    differences: list[Difference]
    consequences: list[str]
    names_people: bool


def compared(tenant: Tenant, change: Callable[[], Changed]) -> tuple[Changed, Effect]:
    """Carries `change` out, in the transaction at hand: what it gave, and what it did."""
    then = situation_of(tenant.pk, timezone.now())
    before = people_with(tenant, timezone.now())
    done = change()
    after = people_with(tenant, timezone.now())
    differences = [
        _difference(capability, before, after)
        for capability in Capability
        if before.numbers[capability] != after.numbers[capability]
        or before.ids.get(capability) != after.ids.get(capability)
    ]
    consequences = [
        *_with_a_unit(then, situation_of(tenant.pk, timezone.now())),
        *following.consequences(tenant, differences),
    ]
    return done, Effect(differences, consequences, names_people=bool(after.ids))


def _with_a_unit(before: Situation, after: Situation) -> Iterator[str]:
    """What a unit is needed for, and nobody may have one yet: who gets one at a sign-in is not known before."""
    new = [
        str(capability.label)
        for capability in Capability
        if capability not in OF_THE_ORGANISATION
        and of_organisation(after, capability).allowed
        and not of_organisation(before, capability).allowed
    ]
    if new:
        yield _("Whoever has or gets a unit gains: %(what)s.") % {"what": ", ".join(new)}


def _difference(capability: Capability, before: People, after: People) -> Difference:
    had, has = before.ids.get(capability, set()), after.ids.get(capability, set())
    return Difference(
        capability,
        before.numbers[capability],
        after.numbers[capability],
        gaining=_first(has - had),
        losing=_first(had - has),
        more_gaining=max(0, len(has - had) - NAMED),
        more_losing=max(0, len(had - has) - NAMED),
    )


def _first(ids: set[uuid.UUID]) -> tuple[str, ...]:
    people = User.objects.filter(pk__in=ids).order_by("email") if ids else User.objects.none()
    return tuple(str(user.email) for user in people[:NAMED])


def preview(tenant: Tenant, change: Callable[[], object]) -> Effect:
    """What `change` would do, and nothing of it stays. Raises what `change` raises."""
    with transaction.atomic():
        effect = compared(tenant, change)[1]
        transaction.set_rollback(True)
    return effect
