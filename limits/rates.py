"""Rates in words: `1 a minute, 3 an hour`, `60 in 10 minutes`, `100 in 90 days after an hour`."""

from __future__ import annotations

import re
from dataclasses import dataclass

SECOND = 1_000_000
UNITS = {
    "second": SECOND,
    "minute": 60 * SECOND,
    "hour": 3_600 * SECOND,
    "day": 86_400 * SECOND,
}
TIME = r"(?:an?|(?:in )?(\d+)) (second|minute|hour|day)s?"
RATE = re.compile(rf"(\d+) (?:in )?{TIME}(?: after {TIME})?")


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `number` within `window`. What is younger than `delay` does not count yet.

    Times are whole microseconds, which every store compares without rounding.
    """

    number: int
    window: int
    delay: int = 0


def parse(words: str) -> tuple[Rate, ...]:
    """Raises ValueError for what is no rate."""
    return tuple(_rate(part.strip()) for part in words.split(","))


def _rate(words: str) -> Rate:
    found = RATE.fullmatch(words)
    if not found:
        raise ValueError(f"{words!r} is no rate; write it like '3 an hour' or '60 in 10 minutes'.")
    number, times, unit, delay_times, delay_unit = found.groups()
    delay = int(delay_times or 1) * UNITS[delay_unit] if delay_unit else 0
    return Rate(int(number), int(times or 1) * UNITS[unit], delay)
