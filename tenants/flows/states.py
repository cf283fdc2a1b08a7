"""An account's state: disabled, deleted, restored, closed. Each change hits exactly one row, or is refused.

Who is not active any more is out at once: sessions and remembered browsers stand on `sessions_ended_at`,
and whatever else lets somebody in ends by the signal `account_shut`.

What an operator disables or deletes, operators alone restore, or give its addresses to others: it is held.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from audit.services import record
from outbox.services import enqueue
from tenants import leavers_file, signals
from tenants.access import Power, operates, require, require_operates
from tenants.exceptions import (
    GoneAlready,
    HeldByOperator,
    LastAdministrator,
    LastOperator,
    NotActive,
    NothingToRestore,
)
from tenants.models import Address, GroupMembership, PendingErasure, Tenant, User

State = User.State
RESTORABLE_FOR = dt.timedelta(days=30)
# A mail is tried for 72 hours: the confirmation of a closed account shall arrive before its row is erased.
CLOSED_ERASED_AFTER = dt.timedelta(days=4)


@transaction.atomic
def disable(*, user: User, acting_user: User | None) -> None:
    """By an operator also one that its organisation has shut already, so that it stays shut.

    Raises NotAllowed, NotActive, LastAdministrator or LastOperator.
    """
    require(acting_user, Power.DISABLE, user)
    if operates(acting_user) and hold(user=user, acting_user=acting_user):
        return
    held = _held_by(acting_user)
    if not _shut(user, acting_user, from_states={State.ACTIVE}, to=State.DISABLED, **held):
        raise NotActive(str(user))


@transaction.atomic
def hold(*, user: User, acting_user: User | None) -> bool:
    """Whether the account was disabled or deleted, and is an operator's to restore now."""
    require_operates(acting_user)
    shut = User.objects.filter(pk=user.pk, state__in=(State.DISABLED, State.DELETED))
    if not shut.filter(held_at__isnull=True).update(held_at=timezone.now()):
        return False
    _record("user.held", user, acting_user)
    return True


@transaction.atomic
def delete(*, user: User, acting_user: User | None) -> None:
    """For 30 days it can be restored. Its address stays reserved.

    Raises NotAllowed, GoneAlready, LastAdministrator or LastOperator.
    """
    require(acting_user, Power.DELETE, user)
    there, held = {State.ACTIVE, State.DISABLED}, _held_by(acting_user)
    if not _shut(user, acting_user, from_states=there, to=State.DELETED, **held):
        raise GoneAlready(str(user))
    _erase_later(user, _addresses_of(user), RESTORABLE_FOR)


@transaction.atomic
def restore(*, user: User, acting_user: User | None) -> None:
    """Makes a disabled or deleted account active again. Raises NotAllowed, HeldByOperator or NothingToRestore."""
    require(acting_user, Power.RESTORE, user)
    waiting, _ = PendingErasure.objects.filter(user=user, due_at__gt=timezone.now()).delete()
    require_not_held(acting_user, user)
    state = State.DELETED if waiting else State.DISABLED
    if not _set_state(user, from_states={state}, to=State.ACTIVE, held_at=None):
        raise NothingToRestore(str(user))
    _record("user.restored", user, acting_user)


@transaction.atomic
def close(*, user: User, acting_user: User | None) -> None:
    """As its owner wants: there is no way back, and the address is free for a new account.

    What they protected stays readable. Raises NotAllowed, NotActive, LastAdministrator or LastOperator.
    """
    require(acting_user, Power.CLOSE, user)
    addresses, address = _addresses_of(user), user.email
    nothing_left = {
        "email": None,
        "first_name": "",
        "last_name": "",
        "password": make_password(None),
    }
    if not _shut(user, acting_user, from_states={State.ACTIVE}, to=State.CLOSED, **nothing_left):
        raise NotActive(str(user))
    Address.objects.filter(user=user).delete()
    GroupMembership.objects.filter(user=user).delete()
    if address:
        enqueue(kind="tenants.account_closed", to_address=address, language=user.language)
    # Last: what is sent to the address from here on is for whoever has it next.
    _erase_later(user, addresses, CLOSED_ERASED_AFTER)
    leavers_file.note(user.pk, State.CLOSED)


def _shut(
    user: User,
    acting_user: User | None,
    *,
    from_states: Collection[State],
    to: State,
    **more: Any,
) -> bool:
    """Whether the account was in one of `from_states`, and is shut now."""
    require_another(user)
    if not _set_state(
        user, from_states=from_states, to=to, sessions_ended_at=timezone.now(), **more
    ):
        return False
    signals.account_shut.send(sender=User, user=user, state=to, acting_user=acting_user)
    _record(f"user.{to.value}", user, acting_user)
    return True


def _set_state(user: User, *, from_states: Collection[State], to: State, **more: Any) -> bool:
    """Who has gone to another organisation since it was asked who may do this, is not theirs to shut."""
    same = User.objects.filter(pk=user.pk, tenant=user.tenant_id)
    return same.filter(state__in=from_states).update(state=to, **more) == 1


def _held_by(acting_user: User | None) -> dict[str, Any]:
    return {"held_at": timezone.now()} if operates(acting_user) else {}


def require_not_held(acting_user: User | None, user: User) -> None:
    """Holds the account until the transaction ends, so that no operator switches it off meanwhile.

    Raises HeldByOperator.
    """
    if operates(acting_user):
        return
    now = User.objects.select_for_update(no_key=True).only("held_at").filter(pk=user.pk).first()
    if now and now.held_at:
        raise HeldByOperator(str(user))


def require_another(user: User) -> None:
    """Raises LastAdministrator or LastOperator where `user` is the one that is left.

    Whoever shuts one of them holds all, so that two who shut each other do so one after the other.
    """
    if user.role == User.Role.MEMBER:
        return
    peers = User.objects.filter(role=user.role, tenant=user.tenant_id, state=State.ACTIVE)
    held = list(peers.select_for_update(no_key=True).order_by("pk").values_list("pk", flat=True))
    if held != [user.pk]:
        return
    if user.is_operator:
        raise LastOperator(str(user))
    if user.tenant and user.tenant.state == Tenant.State.MANAGED:
        raise LastAdministrator(str(user))


def _addresses_of(user: User) -> list[str]:
    held = list(Address.objects.filter(user=user).values_list("address", flat=True))
    return held or [user.email or ""]


def _erase_later(user: User, addresses: list[str], after: dt.timedelta) -> None:
    PendingErasure.objects.create(user=user, addresses=addresses, due_at=timezone.now() + after)


def _record(action: str, user: User, acting_user: User | None) -> None:
    record(
        action=action,
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
    )
