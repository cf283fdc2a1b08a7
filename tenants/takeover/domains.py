"""How the domain itself goes along, with its proofs; and what outlives the tenant that was emptied."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from audit.models import AuditEvent
from tenants.models import (
    Address,
    Domain,
    DomainHandOver,
    DomainProof,
    Takeover,
    TakeoverNotice,
)
from tenants.takeover.exceptions import MovedOn
from tenants.takeover.registry import Belonging, Line, Move, Plan

HELD, PROOF = "domain", "proof"
State = DomainProof.State


def _move_proofs(move: Move) -> None:
    """Who wanted to prove the domain for the source does so no more. A proof that a managed source had goes
    along where the domain is handed over: its record is published, and is looked for daily as before.
    """
    proofs = DomainProof.objects.filter(domain_name=move.domain.name)
    own = proofs.filter(tenant=move.source)
    if move.is_back:
        _put_proofs_back(move)
        return
    move.note(PROOF, ((proof.pk, {"state": proof.state}) for proof in list(own)))
    ended = {State.WAITING}
    if move.takeover.kind != Takeover.Kind.HAND_OVER or _has_proven(move):
        ended.add(State.PROVEN)
    own.filter(state__in=ended).update(state=State.SUPERSEDED, next_check_at=None)
    own.update(tenant=move.target)


def _has_proven(move: Move) -> bool:
    proven = DomainProof.objects.filter(domain_name=move.domain.name, state=State.PROVEN)
    return proven.filter(tenant=move.target).exists()


def _put_proofs_back(move: Move) -> None:
    noted = {row.row_id: row.before["state"] for row in move.noted(PROOF)}
    theirs = DomainProof.objects.filter(domain_name=move.domain.name, tenant=move.source)
    theirs.filter(state__in=(State.WAITING, State.PROVEN)).update(
        state=State.SUPERSEDED, next_check_at=None
    )
    for pk, state in noted.items():
        due = timezone.now() if state == State.PROVEN else None
        theirs.filter(pk=pk).update(tenant=move.target, state=state, next_check_at=due)


def _move_domain(move: Move) -> None:
    if not move.is_back:
        move.note(HELD, [(move.domain.pk, {"state": move.domain.state})])
    held = Domain.objects.filter(pk=move.domain.pk, tenant=move.source)
    if held.update(tenant=move.target, state=_state_afterwards(move)) != 1:
        raise MovedOn(move.domain.name)


def _state_afterwards(move: Move) -> str:
    """A proof of a domain above says nothing about who may be let in below it. Addresses that nobody proved rest on
    a domain that somebody did.
    """
    before = str(move.noted(HELD).get().before["state"])
    is_verified = before == Domain.State.VERIFIED if move.is_back else _has_proven(move)
    unproven = Address.objects.filter(domain=move.domain, proven_at__isnull=True)
    return Domain.State.VERIFIED if is_verified or unproven.exists() else Domain.State.UNVERIFIED


def _preview_domain(plan: Plan) -> list[Line]:
    return [Line("domain", 1, _("The domain %(domain)s goes along.") % {"domain": plan.domain})]


def _stay(move: Move) -> None:
    """The journal and the audit log stay as they were written. The flow adds what ends a chain."""


PROOFS = Belonging("proofs", (DomainProof,), _move_proofs)
DOMAIN = Belonging("domain", (Domain,), _move_domain, _preview_domain)
JOURNAL = Belonging("journal", (Takeover, TakeoverNotice, DomainHandOver, AuditEvent), _stay)
