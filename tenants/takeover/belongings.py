"""What this room hangs on a tenant, in the order in which it moves: first who goes, then what follows from it."""

from __future__ import annotations

from tenants.models import ActingFor, FactorReset
from tenants.takeover.domains import DOMAIN, JOURNAL, PROOFS
from tenants.takeover.groups import GROUPS, MEMBERSHIPS
from tenants.takeover.people import ACCOUNTS, ADDRESSES
from tenants.takeover.registry import Belonging, Move, register


def _stay(_: Move) -> None:
    """Whom an operator acted for, and why, is told in that organisation's log."""


def _withdraw(move: Move) -> None:
    """What an administrator of the one organisation asked for is not for those of the other to decide."""
    waiting = FactorReset.objects.filter(state=FactorReset.State.WAITING, user__in=move.people)
    waiting.delete()


ACTING = Belonging("acting_for", (ActingFor,), _stay)
RESETS = Belonging("factor_resets", (FactorReset,), _withdraw)

for belonging in (
    ACCOUNTS,
    GROUPS,
    MEMBERSHIPS,
    PROOFS,
    DOMAIN,
    ADDRESSES,
    JOURNAL,
    ACTING,
    RESETS,
):
    register(belonging)
