"""Sealing anew: under a newer key by itself, after a key was lost by the operator, and the log says so."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from audit.chain import INSTALLATION, claim_of, sealed
from audit.flows.verify import READ_AT_ONCE
from audit.models import ChainHead, ChainLink
from audit.services import Actor, record


def reseal(*, chain: uuid.UUID | None, acting_user: Actor | None) -> int:
    """Seals the newest link of each chain whose head was not sealed with our key; the number of chains."""
    heads = ChainHead.objects.order_by("chain")
    if chain is not None:
        heads = heads.filter(chain=chain)
    rows = heads.iterator(chunk_size=READ_AT_ONCE)
    return sum(_reseal(row, acting_user) for row in rows if not claim_of(row).is_genuine)


def renew_seals() -> int:
    """Seals genuine heads of an older key under the newest one; their number."""
    rows = ChainHead.objects.order_by("chain").iterator(chunk_size=READ_AT_ONCE)
    return sum(map(_renew, rows))


def _renew(head: ChainHead) -> bool:
    claim = claim_of(head)
    if claim.has_newest_key or not claim.is_genuine:
        return False
    renewed = sealed(chain=claim.chain, number=claim.number, digest=claim.hash, at=claim.at)
    same = ChainHead.objects.filter(chain=head.chain, seal=head.seal)
    return bool(same.update(seal=renewed.seal, exported_number=0))


@transaction.atomic
def _reseal(head: ChainHead, acting_user: Actor | None) -> bool:
    newest = ChainLink.objects.filter(chain=head.chain).order_by("-number").first()
    if newest is None:
        return False
    claim = sealed(chain=head.chain, number=newest.number, digest=newest.hash, at=timezone.now())
    hit = ChainHead.objects.filter(chain=head.chain, seal=head.seal).update(
        number=claim.number, hash=claim.hash, at=claim.at, seal=claim.seal, exported_number=0
    )
    if hit:
        record(
            action="audit_log.resealed",
            subject=f"audit_chain:{head.chain}",
            tenant_id=None if head.chain == INSTALLATION else head.chain,
            acting_user=acting_user,
            details={"number": claim.number},
        )
    return bool(hit)
