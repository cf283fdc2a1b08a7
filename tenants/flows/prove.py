"""Proving a domain: a value to publish, asking for it, and noting that it was found.

What follows from a proof, for the directory and for roles, begins at `signals.domain_proven`.
"""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.services import record
from outbox import announcing
from tenants import locks, signals
from tenants.exceptions import MayNotProve, NoProofAsked, NotProven, TooManyRecords
from tenants.flows import administer
from tenants.flows.hold import found_again, next_check_after
from tenants.models import Domain, DomainProof, Tenant, User
from tenants.proving.check import check
from tenants.proving.outcome import Finding, Outcome
from tenants.proving.record import new_value
from tenants.proving.sources import Source
from tenants.selectors import domain_named, is_blocked, proof_behind
from tenants.takeover.exceptions import HeldByManaged
from tenants.takeover.notices import tell_who_asks

LIFE = dt.timedelta(days=7)
MOST_WAITING = 50
CHECK_TASK = "tenants.tasks.check_domain_proof"
EXPIRES_SECONDS = 60.0  # nobody waits longer in front of a page
State = DomainProof.State


@transaction.atomic
def request(*, domain_name: str, actor: User, acting_user: User | None) -> DomainProof:
    """The proof for `actor` and their tenant to publish: the same one while it lives. Raises Refusal."""
    tenant = refuse(domain_name=domain_name, actor=actor)
    administer.refuse_who_was_stopped(domain_name, actor, acting_user)
    locks.hold(tenant.pk)
    now = timezone.now()
    living = find(domain_name=domain_name, actor=actor, now=now)
    if living:
        return living
    mine = DomainProof.objects.filter(domain_name=domain_name, tenant=tenant, actor=actor)
    mine.filter(state=State.WAITING, expires_at__lte=now).update(state=State.EXPIRED)
    _refuse_too_many(actor, acting_user, now)
    try:
        with transaction.atomic():
            proof = DomainProof.objects.create(
                domain_name=domain_name,
                tenant=tenant,
                actor=actor,
                value=new_value(),
                created_at=now,
                expires_at=now + LIFE,
            )
    except IntegrityError:  # asked for twice at the same instant
        return mine.get(state=State.WAITING)
    _record("domain.proof_requested", proof, acting_user)
    if tenant.state == Tenant.State.UNMANAGED:
        tell_who_asks(tenant=tenant, person_id=actor.pk)
    return proof


def _refuse_too_many(actor: User, acting_user: User | None, now: dt.datetime) -> None:
    """Each is a row, rows in the log and reason to ask foreign servers; whoever runs commands knows what they do."""
    waiting = DomainProof.objects.filter(actor=actor, state=State.WAITING, expires_at__gt=now)
    if acting_user is not None and waiting.count() >= MOST_WAITING:
        raise TooManyRecords(MOST_WAITING)


def refuse(*, domain_name: str, actor: User) -> Tenant:
    """The tenant that `actor` may prove the domain for. Raises Refusal."""
    tenant = actor.tenant
    if tenant is None or not actor.is_active:
        raise MayNotProve(
            _("Only an active account of an organisation can prove a domain. Name another account.")
        )
    if is_blocked(domain_name):
        raise MayNotProve(
            _("This service does not accept the domain %(domain)s. Ask the people who run it.")
            % {"domain": domain_name}
        )
    signals.domain_wanted.send(sender=DomainProof, domain_name=domain_name)
    if tenant.state == Tenant.State.MANAGED and actor.role != User.Role.ADMINISTRATOR:
        raise MayNotProve(
            _("Your organisation has administrators. Ask one of them to prove the domain.")
        )
    if (
        tenant.state == Tenant.State.UNMANAGED
        and not tenant.domains.filter(name=domain_name).exists()
    ):
        raise MayNotProve(
            _(
                "%(domain)s does not belong to the organisation of this account. Prove the domain of the account's own address first."
            )
            % {"domain": domain_name}
        )
    _refuse_what_another_governs(domain_name, tenant)
    return tenant


def _refuse_what_another_governs(domain_name: str, tenant: Tenant) -> None:
    """While a managed tenant's proof of its domain holds, nobody else's would lead anywhere."""
    held = domain_named(domain_name)
    if held is None or held.tenant_id == tenant.pk or held.tenant.state != Tenant.State.MANAGED:
        return
    proof = proof_behind(held)
    if proof is None or proof.proof_lost_at is None:
        raise HeldByManaged(domain_name)


def find(*, domain_name: str, actor: User, now: dt.datetime) -> DomainProof | None:
    """The actor's proof that waits and has not expired, or that was proven."""
    mine = DomainProof.objects.filter(domain_name=domain_name, actor=actor, tenant=actor.tenant)
    return (
        mine.filter(state=State.PROVEN).first()
        or mine.filter(state=State.WAITING, expires_at__gt=now).first()
    )


def get(*, domain_name: str, actor: User) -> DomainProof:
    """As `find`. Raises NoProofAsked."""
    proof = find(domain_name=domain_name, actor=actor, now=timezone.now())
    if proof is None:
        raise NoProofAsked(domain_name)
    return proof


def ask_soon(*, proof: DomainProof) -> bool:
    """Has a worker look for the record, for a page that waits; whether one was told."""
    return announcing.ask(CHECK_TASK, str(proof.id), expires=EXPIRES_SECONDS)


def confirm(
    *,
    proof: DomainProof,
    acting_user: User | None,
    source: Source | None = None,
    dry_run: bool = False,
) -> DomainProof:
    """Asks DNS now, up to 5 seconds, and notes what it said. Raises NotProven, or Refusal before asking.

    Not inside a transaction, and not in a web request: pages have it done (`tasks.check_domain_proof`).
    """
    refuse(domain_name=proof.domain_name, actor=proof.actor)
    finding = check(proof.record, source)
    with transaction.atomic():
        noted = note(proof_id=proof.id, finding=finding, acting_user=acting_user)
        transaction.set_rollback(dry_run)
    if finding.outcome != Outcome.PROVEN:
        raise NotProven(finding.outcome, proof.record)
    return noted


@transaction.atomic
def note(*, proof_id: uuid.UUID, finding: Finding, acting_user: User | None) -> DomainProof:
    """Writes a finding down; safe to call any number of times. Raises NoProofAsked for one that has ended."""
    proof = _locked(proof_id)
    now = timezone.now()
    if proof.state == State.WAITING and proof.expires_at > now:
        _note_waiting(proof, finding, acting_user, now)
    elif proof.state == State.PROVEN:
        _note_proven(proof, finding, acting_user, now)
    else:
        raise NoProofAsked(proof.domain_name)
    return proof


def _locked(proof_id: uuid.UUID) -> DomainProof:
    """The proof, under the lock of its tenant, so that two of its proofs are not proven at once."""
    locks.hold_alone(DomainProof.objects.values_list("tenant", flat=True).get(id=proof_id))
    return DomainProof.objects.select_for_update().get(id=proof_id)


def _note_waiting(
    proof: DomainProof, finding: Finding, acting_user: User | None, now: dt.datetime
) -> None:
    _remember(proof, finding, now)
    if finding.outcome == Outcome.PROVEN:
        _prove(proof, acting_user, now)


def _note_proven(
    proof: DomainProof, finding: Finding, acting_user: User | None, now: dt.datetime
) -> None:
    """One look between the daily ones can find a lost proof again; only the daily ones lose it."""
    if finding.outcome == Outcome.PROVEN:
        found_again(proof=proof, now=now, acting_user=acting_user)
    _remember(proof, finding, now)


def _prove(proof: DomainProof, acting_user: User | None, now: dt.datetime) -> None:
    earlier = DomainProof.objects.filter(
        domain_name=proof.domain_name, tenant_id=proof.tenant_id, state=State.PROVEN
    )
    earlier.update(state=State.SUPERSEDED, next_check_at=None)
    proof.state, proof.proven_at, proof.next_check_at = State.PROVEN, now, next_check_after(now)
    proof.save(update_fields=("state", "proven_at", "next_check_at"))
    Domain.objects.filter(name=proof.domain_name, tenant_id=proof.tenant_id).update(
        state=Domain.State.VERIFIED
    )
    _record("domain.proven", proof, acting_user)
    signals.domain_proven.send(sender=DomainProof, proof=proof, acting_user=acting_user)


def _remember(proof: DomainProof, finding: Finding, now: dt.datetime) -> None:
    proof.checked_at, proof.outcome, proof.detail = now, finding.outcome, finding.detail
    proof.save(update_fields=("checked_at", "outcome", "detail"))


def _record(action: str, proof: DomainProof, acting_user: User | None) -> None:
    record(
        action=action,
        subject=f"domain:{proof.domain_name}",
        tenant_id=proof.tenant_id,
        acting_user=acting_user,
        on_behalf_of=proof.actor if acting_user != proof.actor else None,
        details={"proof": str(proof.id)},
    )
