"""Verifying: every link is computed anew from the rows as they are now, every head from its seal.

Reads some rows at a time, so that memory does not grow with the log. Others may go on adding meanwhile.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

from django.db.models import Max, Q

from audit.chain import FINAL, INSTALLATION, REOPENS, START, Head, claim_of, hash_of
from audit.models import AuditEvent, ChainHead, ChainLink

READ_AT_ONCE = 1000
ASKED_AT_ONCE = 100
# How far a row's time may lie before the batch before its own: nothing waits that long to be committed.
LATEST = dt.timedelta(hours=1)
# How long after a chain's final row a request may end that had begun before it.
ENDS_WITHIN = dt.timedelta(minutes=1)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written."""

    chain: uuid.UUID
    number: int
    what: str

    @property
    def tenant_id(self) -> uuid.UUID | None:
        return None if self.chain == INSTALLATION else self.chain


@dataclass(slots=True)
class _Place:
    """How far a chain was read."""

    chain: uuid.UUID
    number: int = 0
    hash: str = START
    chained_at: dt.datetime | None = None
    batch_before: dt.datetime | None = None
    ended_at: dt.datetime | None = None

    def go_on(self, link: ChainLink, event: AuditEvent | None) -> None:
        if link.chained_at != self.chained_at:
            self.batch_before, self.chained_at = self.chained_at, link.chained_at
        self.number, self.hash = link.number, link.hash
        if event and event.action == FINAL:
            self.ended_at = event.at
        elif event and event.action in REOPENS:
            self.ended_at = None

    def has_ended_before(self, event: AuditEvent) -> bool:
        """Whether the organisation was gone, and all of it elsewhere, when the row was written."""
        if self.ended_at is None or event.action in REOPENS:
            return False
        return event.at > self.ended_at + ENDS_WITHIN


def verify(*, chain: uuid.UUID | None = None, heads: Iterable[Head] = ()) -> Iterator[Finding]:
    """What is wrong with one chain, or with all; `heads` are what was exported before."""
    yield from _wrong_links(chain)
    yield from _wrong_heads(chain)
    wanted = (head for head in heads if chain in {None, head.chain})
    for some in _in_parts(wanted, ASKED_AT_ONCE):
        yield from _wrong_claims(some, "an exported head")


def _wrong_links(chain: uuid.UUID | None) -> Iterator[Finding]:
    links = ChainLink.objects.order_by("chain", "number")
    if chain is not None:
        links = links.filter(chain=chain)
    place = _Place(INSTALLATION)
    for some in _in_parts(links.iterator(chunk_size=READ_AT_ONCE)):
        events = AuditEvent.objects.in_bulk([link.event_id for link in some])
        for link in some:
            if link.chain != place.chain:
                place = _Place(link.chain)
            event = events.get(link.event_id)
            yield from _wrong_link(link, event, place)
            place.go_on(link, event)


def _wrong_link(link: ChainLink, event: AuditEvent | None, place: _Place) -> Iterator[Finding]:
    if link.number != place.number + 1:
        yield Finding(link.chain, place.number + 1, "links are missing from here on")
    elif link.previous != place.hash:
        yield Finding(link.chain, link.number, "the link before it is not the one it was made for")
    if event is None:
        yield Finding(link.chain, link.number, f"the row {link.event_id} is gone")
        return
    if link.hash != hash_of(
        event,
        chain=link.chain,
        number=link.number,
        previous=link.previous,
        chained_at=link.chained_at,
    ):
        yield Finding(link.chain, link.number, f"the row {event.id} or its link was changed")
    same_batch = link.chained_at == place.chained_at
    before = place.batch_before if same_batch else place.chained_at
    if before and event.at < before - LATEST:
        yield Finding(
            link.chain, link.number, f"the row {event.id} is dated back: it was added afterwards"
        )
    if place.has_ended_before(event):
        yield Finding(
            link.chain, link.number, f"the row {event.id} comes after the organisation's final row"
        )


def _wrong_heads(chain: uuid.UUID | None) -> Iterator[Finding]:
    heads = ChainHead.objects.order_by("chain")
    links = ChainLink.objects.filter(number=1)
    if chain is not None:
        heads, links = heads.filter(chain=chain), links.filter(chain=chain)
    for some in _in_parts(heads.iterator(chunk_size=READ_AT_ONCE), ASKED_AT_ONCE):
        yield from _wrong_claims([claim_of(row) for row in some], "the newest head")
    for parts in _in_parts(links.values_list("chain", flat=True).iterator()):
        yield from _without_head(parts)


def _without_head(chains: list[uuid.UUID]) -> Iterator[Finding]:
    """Links first, then heads: what is added in between moves heads on, never back."""
    links = ChainLink.objects.filter(chain__in=chains)
    ends = dict(links.values_list("chain").annotate(end=Max("number")).order_by())
    heads = dict(ChainHead.objects.filter(chain__in=chains).values_list("chain", "number"))
    for chain, end in ends.items():
        if heads.get(chain, 0) < end:
            yield Finding(chain, end, "no head was sealed for it")


def _wrong_claims(claims: list[Head], name: str) -> Iterator[Finding]:
    wanted = Q(pk__in=())
    for claim in claims:
        wanted |= Q(chain=claim.chain, number=claim.number)
    links = ChainLink.objects.filter(wanted)
    found = {(link.chain, link.number): link.hash for link in links}
    for claim in claims:
        there = found.get((claim.chain, claim.number))
        if not claim.is_genuine:
            yield Finding(claim.chain, claim.number, f"{name} was not sealed with our key")
        elif there is None:
            yield Finding(claim.chain, claim.number, f"{name} names a link that is gone")
        elif there != claim.hash:
            yield Finding(claim.chain, claim.number, f"{name} names another link")


def _in_parts(items: Iterable[Item], size: int = READ_AT_ONCE) -> Iterator[list[Item]]:
    iterator = iter(items)
    while part := list(islice(iterator, size)):
        yield part
