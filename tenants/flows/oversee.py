"""What operators decide about takeovers: waiving the limits, and stopping one. Both with a reason."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.utils import timezone

from tenants.access import require_operates
from tenants.flows import give_back
from tenants.models import Takeover, User
from tenants.takeover.exceptions import NothingToUndo, NothingToWaive, ReasonNeeded
from tenants.takeover.journal import note

Kind, State = Takeover.Kind, Takeover.State


@transaction.atomic
def waive(
    *,
    domain_name: str,
    reason: str,
    acting_user: User | None,
    takeover_id: uuid.UUID | None = None,
) -> Takeover:
    """The new administrators may do everything from now on. Raises OperatorsOnly, ReasonNeeded or NothingToWaive,
    also where `takeover_id`, if given, is not the one that has limits now.
    """
    _require(reason, acting_user)
    waived = get_limited(domain_name, takeover_id)
    takeover = Takeover.objects.select_for_update().get(pk=waived.pk)
    if not _is_limited(takeover):
        raise NothingToWaive(domain_name)
    takeover.limited_until = takeover.waived_at = timezone.now()
    takeover.waived_by_id = acting_user.pk if acting_user else None
    takeover.save(update_fields=("limited_until", "waived_at", "waived_by_id"))
    note("takeover.waived", takeover, takeover.target_tenant_id, acting_user, reason=reason)
    return takeover


def get_limited(domain_name: str, takeover_id: uuid.UUID | None) -> Takeover:
    """Raises NothingToWaive."""
    found = Takeover.objects.filter(
        domain_name=domain_name, state=State.DONE, limited_until__gt=timezone.now()
    )
    takeover = found.order_by("-done_at").first()
    if takeover is None or takeover_id not in {None, takeover.pk}:
        raise NothingToWaive(domain_name)
    return takeover


def _is_limited(takeover: Takeover) -> bool:
    until = takeover.limited_until
    return takeover.state == State.DONE and until is not None and until > timezone.now()


def stop(*, domain_name: str, reason: str, acting_user: User | None) -> Takeover:
    """`begin_to_stop`, and does it. Raises as that does."""
    begun = begin_to_stop(domain_name=domain_name, reason=reason, acting_user=acting_user)
    return give_back.run(begun.pk)


def begin_to_stop(
    *,
    domain_name: str,
    reason: str,
    acting_user: User | None,
    takeover_id: uuid.UUID | None = None,
) -> Takeover:
    """Notes that the newest takeover of the domain shall be undone, and that its taker does not repeat it by
    themselves; `give_back.run` does it.

    Raises OperatorsOnly, ReasonNeeded, NothingToUndo (also where `takeover_id`, if given, is not the newest) or
    UnderWay.
    """
    _require(reason, acting_user)
    takeover = get_stoppable(domain_name, takeover_id)
    give_back.mark(takeover=takeover, acting_user=acting_user, reason=reason, is_stopped=True)
    return takeover


def get_stoppable(domain_name: str, takeover_id: uuid.UUID | None) -> Takeover:
    """The newest of the domain. Raises NothingToUndo."""
    newest = Takeover.objects.filter(domain_name=domain_name, state=State.DONE)
    takeover = newest.order_by("-done_at").first()
    if takeover is None or takeover_id not in {None, takeover.pk}:
        raise NothingToUndo(domain_name)
    if takeover.kind != Kind.INTERNAL:
        return give_back.get_undoable(domain_name, takeover.pk)
    if takeover.undo_until is None or takeover.undo_until <= timezone.now():
        raise NothingToUndo(domain_name)
    return takeover


def _require(reason: str, acting_user: User | None) -> None:
    require_operates(acting_user)
    if not reason.strip():
        raise ReasonNeeded
