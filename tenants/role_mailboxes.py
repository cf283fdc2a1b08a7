"""Mailbox names that stand for a task (`support@`, `noreply@`): strangers may read them.

The shipped list is data/role_mailboxes.txt; rules of this installation add names and take names away.
Signing up asks for this once, when it makes the account, so the rules are remembered for some seconds:
a new one holds in every process within REMEMBERED.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from audit.exceptions import Refusal
from tenants.models import MailboxRule

LIST = Path(__file__).parent / "data" / "role_mailboxes.txt"
REMEMBERED = 10.0  # seconds
ALONE = "="
SEPARATOR = re.compile(r"[\W_]+")
NAME = re.compile(r"=?[a-z0-9]{1,64}")


class NotAMailboxName(Refusal):
    def __init__(self) -> None:
        super().__init__(
            _(
                "Give the name of a mailbox, the part before the @, in the letters a to z and digits."
            )
        )


@dataclass
class _Remembered:
    added: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()
    until: float = field(default=0.0)


_rules = _Remembered()


def is_role(local_part: str) -> bool:
    """Whether a mailbox of this name is for a task: all of the name, or its beginning or end."""
    parts = parts_of(local_part)
    names = {f"{ALONE}{''.join(parts)}", *beginnings_and_ends(parts)}
    rules = _rules_of_the_installation()
    listed = names & (shipped() | rules.added)
    return any(name.removeprefix(ALONE) not in rules.removed for name in listed)


def parts_of(local_part: str) -> list[str]:
    """`No-Reply2+shop` → `no`, `reply`: without sub-address (RFC 5233), separators and numbers."""
    name = local_part.partition("+")[0] or local_part
    parts = (part.strip("0123456789") for part in SEPARATOR.split(name.lower()))
    return [part for part in parts if part]


def beginnings_and_ends(parts: list[str]) -> Iterator[str]:
    for length in range(1, len(parts) + 1):
        yield "".join(parts[:length])
        yield "".join(parts[-length:])


def name_of(typed: str) -> str:
    """A name as the list writes it. Raises NotAMailboxName."""
    text = typed.strip().lower()
    alone = ALONE if text.startswith(ALONE) else ""
    name = alone + SEPARATOR.sub("", text.partition("@")[0])
    if not NAME.fullmatch(name):
        raise NotAMailboxName
    return name


@lru_cache(maxsize=1)
def shipped() -> frozenset[str]:
    lines = LIST.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


def forget_rules() -> None:
    """In this process, the next question reads the rules anew."""
    _rules.until = 0.0


def _rules_of_the_installation() -> _Remembered:
    if time.time() >= _rules.until:
        rows = MailboxRule.objects.values_list("name", "decision")
        role = MailboxRule.Decision.ROLE
        _rules.added = frozenset(name for name, decision in rows if decision == role)
        _rules.removed = frozenset(
            name.removeprefix(ALONE) for name, decision in rows if decision != role
        )
        _rules.until = time.time() + REMEMBERED
    return _rules
