"""Keeping a proof: the daily look for its record, what is lost when it is gone, and finding it again."""

from __future__ import annotations

import datetime as dt
import random
import uuid

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.services import record
from outbox.services import enqueue
from tenants.models import DomainProof, Tenant, User
from tenants.proving.check import check_all
from tenants.proving.outcome import Finding, Outcome
from tenants.proving.sources import Source
from tenants.selectors import administrators_of

EVERY = dt.timedelta(days=1)
JITTER_HOURS = 2
BATCH = 10  # asked at once: at the very most 640 sockets
CLAIM = dt.timedelta(hours=1)
LOST_AFTER = 3  # failures in a row
KEPT = dt.timedelta(days=30)  # proofs that became nothing
State = DomainProof.State


def next_check_after(now: dt.datetime) -> dt.datetime:
    """About a day later, so that what was proven in one hour is not asked for in one hour for ever."""
    return now + EVERY + dt.timedelta(hours=random.uniform(-JITTER_HOURS, JITTER_HOURS))  # noqa: S311 -- spreading load


def recheck(*, source: Source | None = None) -> int:
    """Looks again for the records that are due, a batch at a time; how many there were.

    A batch that was claimed and not finished is due again an hour later.
    """
    batch = claim()
    if not batch:
        return 0
    findings = check_all([proof.record for proof in batch], source)
    for proof, finding in zip(batch, findings, strict=True):
        note_daily(proof_id=proof.id, finding=finding)
    return len(batch)


def claim() -> list[DomainProof]:
    now = timezone.now()
    due = DomainProof.objects.filter(state=State.PROVEN, next_check_at__lte=now)
    return [
        proof
        for proof in due.order_by("next_check_at")[:BATCH]
        if due.filter(id=proof.id).update(next_check_at=now + CLAIM)
    ]


@transaction.atomic
def note_daily(*, proof_id: uuid.UUID, finding: Finding) -> None:
    proof = DomainProof.objects.select_for_update().get(id=proof_id)
    if proof.state != State.PROVEN:
        return
    now = timezone.now()
    if finding.outcome == Outcome.PROVEN:
        found_again(proof=proof, now=now, acting_user=None)
    else:
        _missed(proof, now)
    proof.checked_at, proof.next_check_at = now, next_check_after(now)
    proof.outcome, proof.detail = finding.outcome, finding.detail
    if proof.proof_lost_at and proof.tenant.state == Tenant.State.UNMANAGED:
        _end(proof)
    proof.save(update_fields=("checked_at", "next_check_at", "outcome", "detail", "state"))


def _end(proof: DomainProof) -> None:
    """Of a member who has proven one of several domains and not the rest: control that is gone again is no part of
    governing all of them. They may ask anew.
    """
    proof.state, proof.next_check_at = State.SUPERSEDED, None


def found_again(*, proof: DomainProof, now: dt.datetime, acting_user: User | None) -> None:
    """The record is there: whatever was missed before is forgotten. In the caller's transaction."""
    was_lost = proof.proof_lost_at is not None
    proof.failures, proof.proof_lost_at = 0, None
    proof.save(update_fields=("failures", "proof_lost_at"))
    if was_lost:
        _record("domain.proof_found", proof, acting_user)


def _missed(proof: DomainProof, now: dt.datetime) -> None:
    """The third time in a row, the proof is lost and the tenant's administrators are told, once."""
    proof.failures = min(proof.failures + 1, LOST_AFTER)
    if proof.failures == LOST_AFTER and proof.proof_lost_at is None:
        proof.proof_lost_at = now
        _record("domain.proof_lost", proof, None)
        _warn(proof)
    proof.save(update_fields=("failures", "proof_lost_at"))


def _warn(proof: DomainProof) -> None:
    for administrator in administrators_of(proof.tenant).filter(email__contains="@"):
        enqueue(
            kind="tenants.proof_lost",
            to_address=administrator.email or "",
            language=administrator.language,
            context={"proof": str(proof.id)},
        )


@transaction.atomic
def expire() -> None:
    """Ends proofs that nobody published in time, and deletes those that ended long ago."""
    now = timezone.now()
    _free(DomainProof.objects.filter(state=State.WAITING, expires_at__lte=now)).update(
        state=State.EXPIRED
    )
    _free(DomainProof.objects.filter(state=State.EXPIRED, expires_at__lte=now - KEPT)).delete()


def _free(proofs: QuerySet[DomainProof]) -> QuerySet[DomainProof]:
    """Those that nobody changes at this moment: the others have their turn tomorrow."""
    ids = proofs.select_for_update(skip_locked=True).values_list("id", flat=True)
    return DomainProof.objects.filter(id__in=list(ids))


def _record(action: str, proof: DomainProof, acting_user: User | None) -> None:
    record(
        action=action,
        subject=f"domain:{proof.domain_name}",
        tenant_id=proof.tenant_id,
        acting_user=acting_user,
        details={"proof": str(proof.id)},
    )
