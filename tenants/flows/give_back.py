"""Undoing a takeover within 30 days: everything that belongs to the domain goes back, as it is then.

`begin` notes it, `run` does all of it in one transaction, as on the way there.
"""

from __future__ import annotations

import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import origin
from tenants.access import operates, require_governs, require_operates
from tenants.flows import administer
from tenants.models import Domain, Takeover, TakeoverNotice, Tenant, User
from tenants.takeover import refusals
from tenants.takeover.exceptions import NothingToUndo, OnlyStopped, UnderWay
from tenants.takeover.journal import actor, carry_out, finish_back, lock, note, settle
from tenants.takeover.notices import tell
from tenants.takeover.registry import Move

Kind, State = Takeover.Kind, Takeover.State


def undoable(domain_name: str) -> Takeover | None:
    """The takeover that brought the domain to where it is, where it can still be undone."""
    takeover = (
        Takeover.objects.filter(
            domain_name=domain_name,
            state=State.DONE,
            kind__in=(Kind.EXTERNAL, Kind.HAND_OVER),
            undo_until__gt=timezone.now(),
        )
        .order_by("-done_at")
        .first()
    )
    if takeover is None:
        return None
    holder = Domain.objects.filter(name=domain_name, tenant_id=takeover.target_tenant_id)
    source = Tenant.objects.filter(pk=takeover.source_tenant_id)
    return takeover if holder.exists() and source.exists() else None


def undo(
    *,
    domain_name: str,
    acting_user: User | None,
    reason: str = "",
    takeover_id: uuid.UUID | None = None,
) -> Takeover:
    """`begin` and `run`. Raises as they do."""
    begun = begin(
        domain_name=domain_name, acting_user=acting_user, reason=reason, takeover_id=takeover_id
    )
    return run(begun.pk)


def begin(
    *,
    domain_name: str,
    acting_user: User | None,
    reason: str = "",
    takeover_id: uuid.UUID | None = None,
) -> Takeover:
    """Notes that it shall be undone; `run` does it. By whoever runs the service, or an administrator of the taker.

    Raises NotAllowed, NothingToUndo (also where `takeover_id`, if given, is another one by now), OnlyStopped or
    UnderWay.
    """
    if operates(acting_user) and _is_a_members(domain_name):
        raise OnlyStopped(domain_name)
    takeover = get_undoable(domain_name, takeover_id)
    require_governs(acting_user, Tenant.objects.get(pk=takeover.target_tenant_id))
    mark(takeover=takeover, acting_user=acting_user, reason=reason, is_stopped=False)
    return takeover


def _is_a_members(domain_name: str) -> bool:
    """Whether the newest that was done to the domain is that a member became the administrator."""
    done = Takeover.objects.filter(domain_name=domain_name, state=State.DONE).order_by("-done_at")
    newest = done.first()
    return newest is not None and newest.kind == Kind.INTERNAL and undoable(domain_name) is None


def get_undoable(domain_name: str, takeover_id: uuid.UUID | None = None) -> Takeover:
    """Raises NothingToUndo."""
    takeover = undoable(domain_name)
    if takeover is None or takeover_id not in {None, takeover.pk}:
        raise NothingToUndo(domain_name)
    return takeover


@transaction.atomic
def mark(*, takeover: Takeover, acting_user: User | None, reason: str, is_stopped: bool) -> None:
    """Raises UnderWay."""
    whose = origin.current().on_behalf_of
    wanted = refusals.NONE | {
        "state": State.UNDOING,
        "undone_by_id": acting_user.pk if acting_user else None,
        "undone_on_behalf_of_id": whose.id if whose else None,
        "reason": reason,
        "is_stopped": is_stopped,
        "attempts": 0,
        "given_up_at": None,
    }
    try:
        with transaction.atomic():
            hit = Takeover.objects.filter(pk=takeover.pk, state=State.DONE).update(**wanted)
    except IntegrityError:  # another takeover of the domain is under way
        hit = 0
    if hit != 1:
        raise UnderWay(takeover.domain_name)
    note("takeover.undo_begun", takeover, takeover.target_tenant_id, acting_user, reason=reason)


def run(takeover_id: uuid.UUID) -> Takeover:
    """Undoes what was marked, once, however often it is called. Raises Refusal where it cannot be any more."""
    return settle(takeover_id, State.UNDOING, _undo)


def _undo(takeover: Takeover) -> None:
    """A worker does it, long after the request of an operator who acted for the organisation."""
    with origin.on_behalf_of(takeover.behalf_of_undoing):
        _undo_as_asked(takeover)


def _undo_as_asked(takeover: Takeover) -> None:
    acting_user = actor(takeover.undone_by_id)
    if takeover.is_stopped:
        require_operates(acting_user)
    if takeover.kind == Kind.INTERNAL:
        administer.leave_to_nobody(takeover, acting_user)
    else:
        _move_back(takeover, acting_user)


def _move_back(takeover: Takeover, acting_user: User | None) -> None:
    domain, first, taker = lock(takeover, takeover.target_tenant_id)
    require_governs(acting_user, taker)
    move = Move(
        domain, taker, first, takeover.is_whole, takeover, is_back=True, acting_user=acting_user
    )
    if takeover.is_whole:  # nothing else is written in a chain that has ended
        note("tenant.reopened", takeover, first.pk, acting_user)
    carry_out(move)
    finish_back(takeover)
    tell(
        stage=TakeoverNotice.Stage.ENDED,
        tenant=first,
        people=move.people,
        domain_name=domain.name,
        organisation=taker.name,
        takeover=takeover,
    )
    for tenant in (taker, first):
        note("takeover.undone", takeover, tenant.pk, acting_user, reason=takeover.reason)
