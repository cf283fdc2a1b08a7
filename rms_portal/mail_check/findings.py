"""What a check found, in a line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Result(Enum):
    GOOD = "good"
    MISSING = "missing"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    result: Result
    detail: str
    # What to do, or what to publish; empty where all is well.
    to_do: str = ""


def good(what: str, detail: str, to_do: str = "") -> Finding:
    return Finding(what, Result.GOOD, detail, to_do)


def missing(what: str, detail: str, to_do: str) -> Finding:
    return Finding(what, Result.MISSING, detail, to_do)


def wrong(what: str, detail: str, to_do: str) -> Finding:
    return Finding(what, Result.WRONG, detail, to_do)


def unknown(what: str, detail: str, to_do: str = "") -> Finding:
    return Finding(what, Result.UNKNOWN, detail, to_do)
