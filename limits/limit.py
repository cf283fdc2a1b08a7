"""How often something may happen: a name, and the rates in words.

Windows slide exactly, and the time is the application's. Keys are stored as keyed digests: who reads
the store learns no address and no network.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from django.utils.crypto import salted_hmac

from limits import stores
from limits.rates import Rate, parse
from limits.records import Action

LIMITS: dict[str, Limit] = {}


class Limit:
    def __init__(self, name: str, words: str) -> None:
        if name in LIMITS:
            raise ValueError(f"There is a limit {name} already.")
        self.name = name
        self.words = words
        self.rates = parse(words)
        LIMITS[name] = self

    def __repr__(self) -> str:
        return f"{self.name}: {self.words}"

    def take(self, key: str) -> bool:
        """Counts one where every rate allows it; whether it did."""
        return not take_all([(self, key)])

    def is_reached(self, key: str) -> bool:
        """Whether the next take would be refused. Counts nothing."""
        return self._act(Action.LOOK, key)

    def give_back(self, key: str) -> bool:
        """Takes the newest count back; whether there was one."""
        return self._act(Action.GIVE_BACK, key)

    def allow_more(self, key: str, number: int) -> None:
        """Raises every rate's number for `key`, as long as that rate's window is."""
        self._act(Action.ALLOW_MORE, key, number)

    def forget(self, key: str) -> None:
        stores.current().forget(self.place(key)[0])

    def place(self, key: str) -> tuple[str, Sequence[Rate]]:
        digest = salted_hmac("limits", f"{self.name}:{key}", algorithm="sha256").hexdigest()
        return f"{self.name}:{digest}", self.rates

    def _act(self, action: Action, key: str, amount: int = 1) -> bool:
        return stores.current().act(action, [self.place(key)], _now(), amount)[0]


def take_all(uses: Iterable[tuple[Limit, str]]) -> set[Limit]:
    """Counts one in every limit, or in none of them. The limits that refused; empty when it counted."""
    return _all(Action.TAKE, uses)


def reached(uses: Iterable[tuple[Limit, str]]) -> set[Limit]:
    """The limits whose next take would be refused. Counts nothing."""
    return _all(Action.LOOK, uses)


def allow_more(uses: Iterable[tuple[Limit, str]], number: int) -> None:
    stores.current().act(
        Action.ALLOW_MORE, [limit.place(key) for limit, key in uses], _now(), number
    )


def _all(action: Action, uses: Iterable[tuple[Limit, str]]) -> set[Limit]:
    asked = list(uses)
    full = stores.current().act(action, [limit.place(key) for limit, key in asked], _now())
    return {limit for (limit, _), is_full in zip(asked, full, strict=True) if is_full}


def _now() -> int:
    return int(time.time() * 1_000_000)
