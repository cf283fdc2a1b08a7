"""Blocking a domain, and shutting the accounts that are there already. Operators alone restore them, and also those
that their organisations had shut before.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from tenants.exceptions import LastAdministrator, NotActive
from tenants.flows import states
from tenants.models import Address, User

BATCH = 500
SHUT = (User.State.DISABLED, User.State.DELETED)


@dataclass(frozen=True, slots=True)
class Shut:
    """How many accounts were disabled, and who was left as the last administrator of an organisation."""

    disabled: int
    left: list[str]


@transaction.atomic
def disable_accounts(*, domain_name: str, acting_user: User | None) -> Shut:
    """Disables who has an address in the domain or one of its sub-domains."""
    disabled, left = 0, []
    for user in _in_state(domain_name, *SHUT).filter(held_at__isnull=True).iterator(BATCH):
        states.hold(user=user, acting_user=acting_user)
    for user in _in_state(domain_name, User.State.ACTIVE).iterator(BATCH):
        try:
            states.disable(user=user, acting_user=acting_user)
        except LastAdministrator:
            left.append(user.email or str(user))
        except NotActive:
            continue  # somebody else was faster
        else:
            disabled += 1
    return Shut(disabled, left)


def _in_state(domain_name: str, *wanted: User.State) -> QuerySet[User]:
    inside = Q(domain__name=domain_name) | Q(domain__name__endswith=f".{domain_name}")
    held = Address.objects.filter(inside, user=OuterRef("pk"))
    found = User.objects.select_related("tenant").filter(Exists(held), state__in=wanted)
    return found.order_by("pk")
