"""What is remembered for one key, and how it is counted. `redis_script.lua` does the same.

A log is a flat list of times and counts, `[time, count, time, count, ...]`, oldest first. A record has
two: what was counted, and what was allowed beyond the rates' numbers. Up to 300 entries a log is exact;
beyond, what falls into the same 300th part of the longest window becomes one entry with its newest time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from limits.rates import Rate

EXACT = 300


class Action(StrEnum):
    TAKE = "take"
    LOOK = "look"
    GIVE_BACK = "give_back"
    ALLOW_MORE = "allow_more"


@dataclass
class Record:
    counts: list[int] = field(default_factory=list)
    allowed: list[int] = field(default_factory=list)


def longest_window(rates: Sequence[Rate]) -> int:
    return max(rate.window for rate in rates)


def is_full(record: Record, rates: Sequence[Rate], now: int) -> bool:
    return any(
        _sum(record.counts, now, rate.window, rate.delay)
        >= rate.number + _sum(record.allowed, now, rate.window, 0)
        for rate in rates
    )


def trim(record: Record, rates: Sequence[Rate], now: int) -> None:
    oldest = now - longest_window(rates)
    for log in (record.counts, record.allowed):
        log[:] = [part for i in range(0, len(log), 2) if log[i] > oldest for part in log[i : i + 2]]


def add(log: list[int], rates: Sequence[Rate], now: int, count: int) -> None:
    step = longest_window(rates) // EXACT
    if len(log) >= 2 * EXACT and log[-2] // step == now // step:
        log[-2:] = [now, log[-1] + count]
    else:
        log += [now, count]


def take_newest_back(log: list[int]) -> None:
    if log and log[-1] > 1:
        log[-1] -= 1
    else:
        del log[-2:]


def _sum(log: list[int], now: int, window: int, delay: int) -> int:
    """What comes from the future was counted by a clock that is ahead: it is as old as now, for one window."""
    ages = ((now - log[i], log[i + 1]) for i in range(0, len(log), 2))
    return sum(count for age, count in ages if delay <= max(age, 0) and abs(age) < window)
