"""Undoing a takeover within 30 days: everything that belongs to the domain goes back, as it is then."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db import IntegrityError, transaction
from django.utils import timezone

from tenants.access import require_governs
from tenants.models import Domain, Takeover, TakeoverNotice, Tenant, User
from tenants.takeover.exceptions import NothingToUndo, UnderWay
from tenants.takeover.journal import actor, carry_out, lock, note, settle
from tenants.takeover.notices import tell
from tenants.takeover.registry import Move

Kind, State = Takeover.Kind, Takeover.State
# So long an operator's decision to stop a takeover holds against the same taker.
STOPPED_FOR = dt.timedelta(days=30)


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


def undo(*, domain_name: str, acting_user: User | None, reason: str = "") -> Takeover:
    """By whoever runs the service, or an administrator of the taker. Raises NotAllowed, NothingToUndo or UnderWay."""
    takeover = get_undoable(domain_name)
    require_governs(acting_user, Tenant.objects.get(pk=takeover.target_tenant_id))
    begin(takeover=takeover, acting_user=acting_user, reason=reason, is_stopped=False)
    return run(takeover.pk)


def get_undoable(domain_name: str) -> Takeover:
    """Raises NothingToUndo."""
    takeover = undoable(domain_name)
    if takeover is None:
        raise NothingToUndo(domain_name)
    return takeover


@transaction.atomic
def begin(*, takeover: Takeover, acting_user: User | None, reason: str, is_stopped: bool) -> None:
    wanted = {
        "state": State.UNDOING,
        "undone_by_id": acting_user.pk if acting_user else None,
        "reason": reason,
        "is_stopped": is_stopped,
        "refusal": "",
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
    """Undoes what `begin` noted, once, however often it is called."""
    return settle(takeover_id, State.UNDOING, _move_back)


def was_stopped(domain_name: str, taker: Tenant, person: User | None = None) -> bool:
    """Whether an operator stopped this taker's takeover of the domain not long ago; that of `person`, if given."""
    stopped = Takeover.objects.filter(
        domain_name=domain_name, target_tenant_id=taker.pk, state=State.UNDONE, is_stopped=True
    )
    if person:
        stopped = stopped.filter(kind=Kind.INTERNAL, administrator_id=person.pk)
    return stopped.filter(undone_at__gt=timezone.now() - STOPPED_FOR).exists()


def _move_back(takeover: Takeover) -> None:
    domain, first, taker = lock(takeover, takeover.target_tenant_id)
    acting_user = actor(takeover.undone_by_id)
    move = Move(
        domain, taker, first, takeover.is_whole, takeover, is_back=True, acting_user=acting_user
    )
    carry_out(move)
    takeover.state, takeover.undone_at = State.UNDONE, timezone.now()
    takeover.save(update_fields=("state", "undone_at"))
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
