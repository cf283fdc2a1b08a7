"""Where limits are counted: Redis, or the embedded file; in memory while that does not answer."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeVar

from django.conf import settings
from redis.exceptions import RedisError

from limits.rates import Rate
from limits.records import Action
from limits.redis_store import RedisStore
from limits.sqlite_store import SqliteStore

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")
PAUSE_SECONDS = 5
FILE = Path("cache") / "limits.sqlite3"


class Store(Protocol):
    def act(
        self, action: Action, keys: Sequence[tuple[str, Sequence[Rate]]], now: int, amount: int = 1
    ) -> list[bool]:
        """Whether each key's limit was reached before; for GIVE_BACK, whether there was one to give back.

        TAKE counts in all of them, or in none.
        """
        ...

    def forget(self, key: str) -> None: ...


class LastingStore:
    """`shared`, and while that does not answer this process's memory: nobody is turned away for it."""

    def __init__(self, shared: Store, *, pause_seconds: float = PAUSE_SECONDS) -> None:
        self._shared = shared
        self._pause_seconds = pause_seconds
        self._memory = SqliteStore(None)
        self._paused_until = 0.0
        self._is_away = False

    def act(
        self, action: Action, keys: Sequence[tuple[str, Sequence[Rate]]], now: int, amount: int = 1
    ) -> list[bool]:
        return self._ask(lambda store: store.act(action, keys, now, amount))

    def forget(self, key: str) -> None:
        self._ask(lambda store: store.forget(key))

    def _ask(self, question: Callable[[Store], Answer]) -> Answer:
        if time.monotonic() < self._paused_until:
            return question(self._memory)
        try:
            answer = question(self._shared)
        except (RedisError, sqlite3.Error, OSError) as error:
            self._leave(error)
            return question(self._memory)
        self._return()
        return answer

    def _leave(self, error: Exception) -> None:
        """One line for each outage, however long; every few seconds one request tries again."""
        self._paused_until = time.monotonic() + self._pause_seconds
        if not self._is_away:
            self._is_away = True
            logger.warning(
                "Limits are counted in this process's memory: their store does not answer (%s).",
                type(error).__name__,
            )

    def _return(self) -> None:
        if self._is_away:
            self._is_away = False
            self._memory.clear()
            logger.info("Limits are counted in their store again.")


def current() -> Store:
    return _lasting(settings.REDIS_URL, Path(settings.VAR_DIR))


@lru_cache
def _lasting(redis_url: str, var_dir: Path) -> Store:
    return LastingStore(RedisStore(redis_url) if redis_url else embedded(var_dir))


@lru_cache
def embedded(var_dir: Path) -> SqliteStore:
    return SqliteStore(var_dir / FILE)
