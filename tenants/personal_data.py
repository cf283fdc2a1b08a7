"""What is kept about a person, room by room: how it is handed to them, and how it is erased.

Every room registers what it holds. A model that refers to a user, or has an address, belongs to a holding
(`tests/test_personal_data.py`), so that a room that comes later cannot forget it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model

from tenants.models import User


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its addresses, and the `former` ones with when it gave them up. What came for them later, or for
    those it has after `until`, is somebody else's.
    """

    user: User
    addresses: tuple[str, ...]
    until: dt.datetime
    former: tuple[tuple[str, dt.datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """`export` gives what can be written as JSON and never a secret; `erase` runs in a transaction."""

    name: str
    models: tuple[type[Model], ...]
    export: Callable[[Person], Any]
    erase: Callable[[Person], None]


# In place of words that have to be there.
ERASED = "[erased]"
_holdings: dict[str, Holding] = {}


def register(holding: Holding) -> None:
    _holdings[holding.name] = holding


def holdings() -> list[Holding]:
    return list(_holdings.values())
