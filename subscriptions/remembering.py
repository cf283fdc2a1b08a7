"""What is asked so often that it is remembered for a moment, in each process for itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import TypeVar

from django.db import connection

REMEMBERED = 3.0  # seconds: a change is seen everywhere within them
MOST = 20_000

Key = TypeVar("Key", bound=Hashable)
Fact = TypeVar("Fact")


def remembered(load: Callable[[Key], Fact]) -> Callable[[Key], Fact]:
    """`load`, whose answers are used again until the current stretch of REMEMBERED seconds ends.

    Inside a transaction it is asked anew: what is decided there sees what was done there, and what may yet
    be rolled back is not remembered.
    """

    @lru_cache(maxsize=MOST)
    def kept(key: Key, stretch: int) -> Fact:
        return load(key)

    def answer(key: Key) -> Fact:
        if connection.in_atomic_block:
            return load(key)
        return kept(key, int(time.monotonic() / REMEMBERED))

    return answer
