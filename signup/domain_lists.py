"""The lists of domains: shipped with the product, or a newer one that an operator loaded.

A loaded list is a row of DomainList. Of the shipped list and the row the one with the newer date is in
force, the row when they are of the same day. Each process reads the heads of the rows (at most three) every few
seconds, so a new list holds everywhere within REMEMBERED; the text is read only when a process meets a new digest.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from publicsuffixlist import PSLFILE, PublicSuffixList

from audit.exceptions import Refusal
from signup.models import DomainList
from tenants.addresses import parse_domain
from tenants.selectors import parents

Kind = DomainList.Kind
DATA = Path(__file__).parent / "data"
SHIPPED = {
    Kind.CONSUMER: DATA / "consumer.txt",
    Kind.DISPOSABLE: DATA / "disposable.txt",
    Kind.PUBLIC_SUFFIX: Path(PSLFILE),
}
# Our own lists say `# dated: 2026-11-01`, the public suffix list `// VERSION: 2026-10-22_08-36-41_UTC`.
DATED = re.compile(r"^(?:# *dated:|// *VERSION:) *(\d{4}-\d{2}-\d{2})", re.MULTILINE)
ICANN_BEGINS = "// ===BEGIN ICANN DOMAINS==="
ICANN_ENDS = "// ===END ICANN DOMAINS==="


@dataclass(frozen=True)
class NamedList:
    kind: DomainList.Kind
    dated: dt.date
    source: str
    digest: str
    entries: frozenset[str]


@dataclass(frozen=True)
class Lists:
    """What one check goes by."""

    consumer: frozenset[str]
    disposable: frozenset[str]
    suffixes: PublicSuffixList

    def is_disposable(self, name: str) -> bool:
        return self._covers(self.disposable, name)

    def is_consumer(self, name: str) -> bool:
        return self._covers(self.consumer, name)

    def _covers(self, entries: frozenset[str], name: str) -> bool:
        """Whether the nearest line for `name` or a domain above it lists it; `!` in front excepts it."""
        for parent in parents(name):
            # A list that names a whole public suffix by mistake must not shut out everybody below it.
            if f"!{parent}" in entries or self.is_public_suffix(parent):
                return False
            if parent in entries:
                return True
        return False

    def is_public_suffix(self, name: str) -> bool:
        """Whether `name` itself is a suffix of the ICANN section. Unknown endings are not."""
        return bool(self.suffixes.is_public(name))


@dataclass(frozen=True)
class Head:
    dated: dt.date
    digest: str


_loaded: dict[DomainList.Kind, NamedList] = {}
REMEMBERED = 5.0  # seconds
_remembered: dict[str, tuple[float, dict[str, Head]]] = {}


def in_force() -> Lists:
    heads = _heads()
    return Lists(
        consumer=_current(Kind.CONSUMER, heads).entries,
        disposable=_current(Kind.DISPOSABLE, heads).entries,
        suffixes=_suffixes(_current(Kind.PUBLIC_SUFFIX, heads).entries),
    )


def registered_domain(name: str) -> str:
    """What somebody registered: `name`'s part below its public suffix, or below an unknown ending.

    By the list that this process last met, without a look into the database: an address was checked just before.
    """
    suffixes = _suffixes(_loaded.get(Kind.PUBLIC_SUFFIX, shipped(Kind.PUBLIC_SUFFIX)).entries)
    return suffixes.privatesuffix(name) or ".".join(name.split(".")[-2:])


def current(kind: DomainList.Kind) -> NamedList:
    return _current(kind, _heads())


@lru_cache(maxsize=1)
def reserved() -> frozenset[str]:
    """Names that exist for other purposes than mail; they change with standards, thus with releases."""
    return frozenset(names_of((DATA / "reserved.txt").read_text("utf-8")))


@lru_cache(maxsize=len(SHIPPED))
def shipped(kind: DomainList.Kind) -> NamedList:
    text = SHIPPED[kind].read_text("utf-8")
    dated = date_of(text)
    assert dated is not None
    return parsed(kind, text, dated=dated, source="shipped", digest=digest_of(text))


def forget_heads() -> None:
    """In this process, the next check reads the heads anew."""
    _remembered.clear()


def _heads() -> dict[str, Head]:
    until, heads = _remembered.get("heads", (0.0, {}))
    if time.monotonic() >= until:
        rows = DomainList.objects.values_list("kind", "dated", "digest")
        heads = {kind: Head(dated, digest) for kind, dated, digest in rows}
        _remembered["heads"] = (time.monotonic() + REMEMBERED, heads)
    return heads


def _current(kind: DomainList.Kind, heads: Mapping[str, Head]) -> NamedList:
    head = heads.get(kind)
    if head is None or head.dated < shipped(kind).dated:
        return shipped(kind)
    known = _loaded.get(kind)
    if known is None or (known.dated, known.digest) != (head.dated, head.digest):
        known = _read(kind)
    return known or shipped(kind)


def _read(kind: DomainList.Kind) -> NamedList | None:
    """None where somebody dropped the row a moment ago."""
    row = DomainList.objects.filter(kind=kind).first()
    if row is None:
        return None
    read = parsed(kind, row.text, dated=row.dated, source=row.source, digest=row.digest)
    _loaded[kind] = read
    return read


def parsed(
    kind: DomainList.Kind, text: str, *, dated: dt.date, source: str, digest: str
) -> NamedList:
    entries = icann_rules(text) if kind == Kind.PUBLIC_SUFFIX else names_of(text)
    return NamedList(kind, dated, source, digest, frozenset(entries))


@lru_cache(maxsize=2)
def _suffixes(rules: frozenset[str]) -> PublicSuffixList:
    return PublicSuffixList(sorted(rules), accept_unknown=False, accept_encoded_idn=False)


def is_shared_ending(name: str) -> bool:
    """Whether strangers get names directly below `name`: by the rules in force or, for the private section,
    by the shipped list.
    """
    return in_force().is_public_suffix(name) or bool(_with_private_section().is_public(name))


def registrable_domain(name: str) -> str | None:
    """What one registrant has: the longest that the rules in force or, for the private section, the shipped list
    allow. None for a shared ending.
    """
    if is_shared_ending(name):
        return None
    private = _with_private_section().privatesuffix(name) or ""
    return max(in_force().suffixes.privatesuffix(name) or registered_domain(name), private, key=len)


@lru_cache(maxsize=1)
def _with_private_section() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False)


def names_of(text: str) -> Iterator[str]:
    lines = (line.strip() for line in text.splitlines())
    return (line for line in lines if line and not line.startswith("#"))


def icann_rules(text: str) -> Iterator[str]:
    section = text.partition(ICANN_BEGINS)[2].partition(ICANN_ENDS)[0]
    lines = (line.strip() for line in section.splitlines())
    # Every rule was checked when it was loaded or shipped; only those in other scripts need work.
    return (
        line.split(maxsplit=1)[0].lower() if line.isascii() else rule_of(line)
        for line in lines
        if line and not line.startswith("//")
    )


def rule_of(line: str) -> str:
    """`*.ck`, `!www.ck` or `uk` with A-labels. Raises AddressRefused."""
    rule = line.split(maxsplit=1)[0]
    name = rule.removeprefix("!").removeprefix("*.")
    # A top-level domain alone is no domain of a mailbox; a label in front makes it one.
    plain = parse_domain(f"a.{name}").removeprefix("a.")
    return rule[: len(rule) - len(name)] + plain


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def date_of(text: str) -> dt.date | None:
    """The date that the list itself gives. Raises Refusal where that is no date."""
    found = DATED.search(text)
    try:
        return dt.date.fromisoformat(found[1]) if found else None
    except ValueError:
        raise Refusal(
            f"The list says that it is of {found and found[1]}, which is no date."
        ) from None
