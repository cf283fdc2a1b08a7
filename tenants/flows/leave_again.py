"""After a backup was restored: who has left since it was made leaves again, and is erased that night."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from audit.exceptions import Refusal
from tenants import leavers_file
from tenants.flows import states
from tenants.models import PendingErasure, User

State = User.State


@dataclass(slots=True)
class LeftAgain:
    count: int = 0
    # Who could not: the last administrator of an organisation, or the last operator.
    still_there: list[uuid.UUID] = field(default_factory=list)


def leave_again() -> LeftAgain:
    again = LeftAgain()
    for user_id, left in leavers_file.read().items():
        there = User.objects.filter(pk=user_id, state__in=(State.ACTIVE, State.DISABLED)).first()
        if there is None:
            continue
        try:
            _leave(there, left)
        except Refusal:
            again.still_there.append(user_id)
        else:
            again.count += 1
    return again


@transaction.atomic
def _leave(user: User, left: str) -> None:
    is_closed = left == State.CLOSED and user.state == State.ACTIVE
    leave = states.close if is_closed else states.delete
    leave(user=user, acting_user=None)
    PendingErasure.objects.filter(user=user).update(due_at=timezone.now())
