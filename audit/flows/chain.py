"""Chaining: rows that were recorded become links, in batches, after they were committed.

Recording stays one insert without a lock. Several may chain at once: numbers are unique in a chain, and so is a
row's link, so whoever comes second does nothing. A batch is one transaction: a chainer that is killed leaves
nothing behind.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Iterable, Sequence

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from audit.chain import START, Head, chain_of, claim_of, hash_of, sealed
from audit.models import AuditEvent, ChainHead, ChainLink

logger = logging.getLogger(__name__)
BATCH = 2000
# Finding what is not chained may mean to read the whole of both tables, so it is done seldom.
LOOKED_FOR_AT_ONCE = 50_000
# How long a transaction may take from recording to its commit and still be chained by the next run. What takes
# longer is chained by a run that looks at everything.
COMMITS_WITHIN = dt.timedelta(minutes=10)
Position = tuple[dt.datetime, uuid.UUID]


def chain_pending(*, everything: bool = False) -> int:
    """Chains what is not; the number of rows. Looks only at what is new, unless asked for `everything`."""
    position = None if everything else _where_to_begin()
    count = 0
    try:
        while True:
            waiting = list(_unchained(position).values_list("at", "id")[:LOOKED_FOR_AT_ONCE])
            for start in range(0, len(waiting), BATCH):
                count += _chain_batch([row_id for _, row_id in waiting[start : start + BATCH]])
            if len(waiting) < LOOKED_FOR_AT_ONCE:
                return count
            position = waiting[-1]
    except IntegrityError:
        logger.info("Another process chains the audit log.")
        return count


def _where_to_begin() -> Position | None:
    newest = ChainLink.objects.order_by("-id").first()
    if newest is None:
        return None
    event = AuditEvent.objects.filter(id=newest.event_id).first()
    reached = min(event.at, newest.chained_at) if event else newest.chained_at
    return reached - COMMITS_WITHIN, uuid.UUID(int=0)


@transaction.atomic
def _chain_batch(row_ids: Sequence[uuid.UUID]) -> int:
    events = AuditEvent.objects.filter(id__in=row_ids).order_by("at", "id")
    links, heads = _linked(events)
    ChainLink.objects.bulk_create(links)
    ChainHead.objects.bulk_create(
        heads,
        update_conflicts=True,
        unique_fields=["chain"],
        update_fields=["number", "hash", "at", "seal"],
    )
    return len(links)


def _unchained(position: Position | None) -> QuerySet[AuditEvent]:
    has_link = Exists(ChainLink.objects.filter(event_id=OuterRef("id")))
    events = AuditEvent.objects.filter(~has_link).order_by("at", "id")
    if position is None:
        return events
    at, last = position
    return events.filter(Q(at__gt=at) | Q(at=at, id__gt=last), at__gte=at)


def _linked(events: Iterable[AuditEvent]) -> tuple[list[ChainLink], list[ChainHead]]:
    now = timezone.now()
    chains = {chain_of(event) for event in events}
    heads = {head.chain: claim_of(head) for head in ChainHead.objects.filter(chain__in=chains)}
    broken = _broken(heads.values())
    links = []
    for event in events:
        chain = chain_of(event)
        if chain in broken:
            continue
        before = heads.get(chain)
        link = _link(event, before, now)
        heads[chain] = Head(chain, link.number, link.hash, now, "")
        links.append(link)
    changed = {link.chain for link in links}
    return links, [_row(head) for head in heads.values() if head.chain in changed]


def _broken(heads: Iterable[Head]) -> set[uuid.UUID]:
    """Chains whose newest hash is not what was sealed: another link would seal what somebody forged."""
    broken = {head.chain for head in heads if not head.is_genuine}
    for chain in broken:
        logger.critical("The audit log of tenant %s has a head that was not sealed here.", chain)
    return broken


def _link(event: AuditEvent, before: Head | None, now: dt.datetime) -> ChainLink:
    chain = chain_of(event)
    number, previous = (before.number + 1, before.hash) if before else (1, START)
    digest = hash_of(event, chain=chain, number=number, previous=previous, chained_at=now)
    return ChainLink(
        chain=chain,
        number=number,
        event_id=event.id,
        previous=previous,
        hash=digest,
        chained_at=now,
    )


def _row(head: Head) -> ChainHead:
    claim = sealed(chain=head.chain, number=head.number, digest=head.hash, at=head.at)
    return ChainHead(
        chain=claim.chain, number=claim.number, hash=claim.hash, at=claim.at, seal=claim.seal
    )
