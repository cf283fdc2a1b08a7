"""External takeover: a domain goes from one tenant to another, with everything that belongs to it.

`begin` commits a row of the journal; `run` does all of it in one transaction, step by step. Whoever is killed in
between leaves the row and nothing else, and `tenants/flows/resume.py` takes it up again. What hangs on a tenant takes part by
`tenants/takeover/registry.py`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from audit import origin
from audit.chain import FINAL
from tenants.access import operates, require_governs
from tenants.flows import give_back, release
from tenants.models import Domain, DomainProof, Takeover, TakeoverNotice, Tenant, User
from tenants.registrable import is_within
from tenants.takeover import allowed
from tenants.takeover.exceptions import StoppedBefore
from tenants.takeover.journal import (
    actor,
    carry_out,
    finish,
    lines_of,
    lock,
    note,
    plan_for,
    prepare,
    settle,
    was_stopped,
)
from tenants.takeover.notices import tell
from tenants.takeover.registry import Line, Move, Plan

Kind, State = Takeover.Kind, Takeover.State


@dataclass(frozen=True, slots=True)
class Preview:
    """What a takeover would do. `proof` is that of the domain, or of one above it."""

    plan: Plan
    proof: DomainProof
    lines: list[Line]


def preview(*, domain_name: str, target: Tenant) -> Preview:
    """Changes nothing. Raises a TakeoverRefused where it cannot be."""
    plan, proof = allowed.external(domain_name, target)
    return Preview(plan, proof, lines_of(plan))


def sweepable(*, parent: str, target: Tenant) -> list[Domain]:
    """Domains below `parent` that `target` may take over by its proof of `parent`, each by explicit choice. Who has
    no such proof learns of none.
    """
    if not allowed.is_proven(parent, target):
        return []
    below = Domain.objects.select_related("tenant").filter(
        name__endswith=f".{parent}", tenant__state=Tenant.State.UNMANAGED
    )
    return [domain for domain in below.exclude(tenant=target) if is_within(domain.name, parent)]


def take_over(*, domain_name: str, target: Tenant, acting_user: User | None) -> Takeover:
    """`begin` and `run`. Raises as they do."""
    return run(begin(domain_name=domain_name, target=target, acting_user=acting_user).pk)


def begin(*, domain_name: str, target: Tenant, acting_user: User | None) -> Takeover:
    """Notes what shall be done; `run` does it. Raises NotAllowed or a TakeoverRefused.

    Whom an operator stopped needs an operator, who runs the command.
    """
    require_governs(acting_user, target)
    if was_stopped(domain_name, target) and not operates(acting_user):
        raise StoppedBefore(domain_name)
    plan, proof = allowed.external(domain_name, target)
    allowed.refuse_often(domain_name, acting_user)
    return prepare(kind=Kind.EXTERNAL, plan=plan, acting_user=acting_user, proof_id=proof.pk)


def run(takeover_id: uuid.UUID) -> Takeover:
    """Does what is prepared, once, however often it is called. Raises Refusal where it cannot be any more."""
    return settle(takeover_id, State.PREPARED, _move_on_behalf)


def carry_on(takeover_id: uuid.UUID) -> Takeover:
    """Goes on with what was begun: taking over, or undoing it. Raises Refusal where it cannot be any more."""
    state = Takeover.objects.values_list("state", flat=True).get(pk=takeover_id)
    return give_back.run(takeover_id) if state == State.UNDOING else run(takeover_id)


def _move_on_behalf(takeover: Takeover) -> None:
    """A worker does it, long after the request of an operator who acted for the organisation."""
    with origin.on_behalf_of(takeover.behalf):
        _move(takeover)


def _move(takeover: Takeover) -> None:
    if takeover.kind == Kind.RELEASE:
        release.move(takeover)
        return
    domain, source, target = lock(takeover, takeover.source_tenant_id)
    acting_user = actor(takeover.actor_id)
    require_governs(acting_user, target)
    plan = plan_for(domain, target)
    if takeover.kind == Kind.EXTERNAL:
        plan, _ = allowed.external(domain.name, target)
    else:
        allowed.hand_over(domain.name, source, target)
    takeover.is_whole = plan.is_whole
    move = Move(
        domain, source, target, plan.is_whole, takeover, is_back=False, acting_user=acting_user
    )
    carry_out(move)
    finish(takeover)
    _tell(move)


def _tell(move: Move) -> None:
    """The last row of a source of which nothing is left closes its chain."""
    tell(
        stage=TakeoverNotice.Stage.TAKEN,
        tenant=move.target,
        people=move.people,
        domain_name=move.domain.name,
        organisation=move.target.name,
        takeover=move.takeover,
    )
    note("takeover.done", move.takeover, move.target.pk, move.acting_user)
    action = FINAL if move.is_whole else "domain.moved"
    note(action, move.takeover, move.source.pk, move.acting_user)
