"""What other rooms hang on plans: what becomes of it when capabilities come and go, said before they do.

A conversion changes nothing of theirs: it asks each room for its sentences, and shows them in the preview. What
somebody may do afterwards, each room asks of `capabilities` at the time. A room that refers to a subscription,
a plan or a unit belongs to a follower (`tests/test_following_plans.py`), so that one that comes later cannot forget it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.db.models import Model

from subscriptions.models import Capability
from tenants.models import Tenant


@dataclass(frozen=True, slots=True)
class Difference:
    """How many active accounts have a capability before and after, and the first of those for whom it changes."""

    capability: Capability
    before: int
    after: int
    gaining: tuple[str, ...] = ()
    losing: tuple[str, ...] = ()
    more_gaining: int = 0
    more_losing: int = 0

    @property
    def is_lost(self) -> bool:
        """Nobody has it any more."""
        return self.after == 0

    @property
    def is_new(self) -> bool:
        return self.before == 0


@dataclass(frozen=True, slots=True)
class Follower:
    """`consequences` says, in sentences for an administrator, what these differences mean for what the room has of
    a tenant. It runs where the change has been made and may yet be taken back, and changes nothing.
    """

    name: str
    models: tuple[type[Model], ...]
    consequences: Callable[[Tenant, list[Difference]], Iterator[str]]


_followers: dict[str, Follower] = {}


def register(follower: Follower) -> None:
    _followers[follower.name] = follower


def followers() -> list[Follower]:
    return list(_followers.values())


def consequences(tenant: Tenant, differences: list[Difference]) -> list[str]:
    return [
        sentence
        for follower in followers()
        for sentence in follower.consequences(tenant, differences)
    ]
