"""External takeover: a domain goes from one tenant to another, with everything that belongs to it.

`begin` commits a row of the journal; `run` does all of it in one transaction, step by step. Whoever is killed in
between leaves the row and nothing else, and `resume` runs it again. What hangs on a tenant takes part by
`tenants/takeover/registry.py`.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from dataclasses import dataclass

from django.db import DatabaseError
from django.utils import timezone

from audit import origin
from audit.exceptions import Refusal
from tenants.access import operates, require_governs
from tenants.flows import give_back, release
from tenants.models import Domain, DomainProof, Takeover, TakeoverNotice, Tenant, User
from tenants.registrable import is_within
from tenants.selectors import domain_named, parents
from tenants.takeover.exceptions import (
    Failed,
    HeldByManaged,
    NotHeld,
    NotManaged,
    NotProvenHere,
    OwnAlready,
    StoppedBefore,
)
from tenants.takeover.journal import (
    actor,
    carry_out,
    finish,
    give_up,
    lines_of,
    lock,
    note,
    plan_for,
    prepare,
    settle,
)
from tenants.takeover.notices import tell
from tenants.takeover.registry import Line, Move, Plan

logger = logging.getLogger(__name__)

# What nobody finished for so long is taken up again.
RESUMED_AFTER = dt.timedelta(minutes=1)
GIVEN_UP_AFTER = dt.timedelta(days=1)
Kind, State = Takeover.Kind, Takeover.State


@dataclass(frozen=True, slots=True)
class Preview:
    """What a takeover would do. `proof` is that of the domain, or of one above it."""

    plan: Plan
    proof: DomainProof
    lines: list[Line]


def preview(*, domain_name: str, target: Tenant) -> Preview:
    """Changes nothing. Raises a TakeoverRefused where it cannot be."""
    plan, proof = _allowed(domain_named(domain_name), domain_name, target)
    return Preview(plan, proof, lines_of(plan))


def sweepable(*, parent: str, target: Tenant) -> list[Domain]:
    """Domains below `parent` that `target` may take over by its proof of `parent`, each by explicit choice."""
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
    if give_back.was_stopped(domain_name, target) and not operates(acting_user):
        raise StoppedBefore(domain_name)
    plan, proof = _allowed(domain_named(domain_name), domain_name, target)
    return prepare(kind=Kind.EXTERNAL, plan=plan, acting_user=acting_user, proof_id=proof.pk)


def run(takeover_id: uuid.UUID) -> Takeover:
    """Does what is prepared, once, however often it is called. Raises Refusal where it cannot be any more."""
    return settle(takeover_id, State.PREPARED, _move_on_behalf)


def resume(*, older_than: dt.timedelta = RESUMED_AFTER) -> list[Takeover]:
    """Finishes what was begun and not ended: takeovers, and undoing them."""
    waiting = Takeover.objects.filter(state__in=(State.PREPARED, State.UNDOING))
    begun = waiting.filter(created_at__lte=timezone.now() - older_than, state=State.PREPARED)
    ended = []
    for takeover in [*begun, *waiting.filter(state=State.UNDOING)]:
        work = run if takeover.state == State.PREPARED else give_back.run
        try:
            ended.append(work(takeover.pk))
        except Refusal as refusal:
            logger.warning("Takeover %s was given up: %s", takeover.pk, type(refusal).__name__)
        except DatabaseError:  # others were in the way, or something does not fit together
            logger.exception("Takeover %s failed, and is tried again.", takeover.pk)
            _give_up_in_the_end(takeover)
    return ended


def _give_up_in_the_end(takeover: Takeover) -> None:
    """So that its domain is not held up for ever. The log says what was wrong."""
    is_old = takeover.created_at < timezone.now() - GIVEN_UP_AFTER
    if is_old and takeover.state == State.PREPARED:
        give_up(takeover.pk, State.PREPARED, Failed(takeover.domain_name))


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
        plan, _ = _allowed(domain, domain.name, target)
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
    action = "tenant.moved" if move.is_whole else "domain.moved"
    note(action, move.takeover, move.source.pk, move.acting_user)


def _allowed(domain: Domain | None, domain_name: str, target: Tenant) -> tuple[Plan, DomainProof]:
    """Raises a TakeoverRefused."""
    if domain is None:
        raise NotHeld(domain_name)
    if domain.tenant_id == target.pk:
        raise OwnAlready(domain_name)
    if target.state != Tenant.State.MANAGED:
        raise NotManaged(target.name)
    if domain.tenant.state == Tenant.State.MANAGED:
        raise HeldByManaged(domain_name)
    return plan_for(domain, target), _proof(domain_name, target)


def _proof(domain_name: str, target: Tenant) -> DomainProof:
    """Of the domain, or of one above it that the same registrant has. Raises NotProvenHere."""
    names = [
        name for name in parents(domain_name) if name == domain_name or is_within(domain_name, name)
    ]
    proven = DomainProof.objects.filter(
        tenant=target,
        domain_name__in=names,
        state=DomainProof.State.PROVEN,
        proof_lost_at__isnull=True,
    )
    nearest = max(proven, key=lambda proof: len(proof.domain_name), default=None)
    if nearest is None:
        raise NotProvenHere(domain_name)
    return nearest
