"""What is personal about accounts that were closed, or deleted 30 days ago, goes; the rest stays, without a name.

The account's row stays, because what was protected belongs to it. Each account is erased in a transaction of its
own: an erasure that was interrupted simply runs again.
"""

from __future__ import annotations

import uuid

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone

from audit.services import forget_person, record
from tenants import leavers_file
from tenants.access import Power, require
from tenants.exceptions import NothingToRelease
from tenants.flows.states import require_not_held
from tenants.former_addresses import former_addresses
from tenants.models import Address, PendingErasure, User
from tenants.personal_data import Person, holdings
from tenants.tombstones import PREFIX, tombstone_of

BATCH = 500
State = User.State


def erase_due() -> int:
    """Erases whoever is due; how many there were."""
    erased = 0
    due = PendingErasure.objects.filter(due_at__lte=timezone.now()).order_by("due_at")
    while ids := list(due.values_list("pk", flat=True)[:BATCH]):
        erased += sum(_erase_one(user_id) for user_id in ids)
    if erased:
        _leave_no_copies()
    return erased


def _leave_no_copies() -> None:
    """SQLite's log of writes holds what was there before, until it begins anew. Whoever reads just now keeps it."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@transaction.atomic
def release(*, user: User, acting_user: User | None) -> None:
    """Frees the addresses of a deleted account, which cannot be restored any more: it is erased now.

    Raises NotAllowed, HeldByOperator or NothingToRelease.
    """
    require(acting_user, Power.RELEASE, user)
    if user.state != State.DELETED:
        raise NothingToRelease(str(user))
    waiting = _held(user.pk)
    require_not_held(acting_user, user)
    for pending in waiting:
        _erase(pending)
    released, _ = Address.objects.filter(user=user).delete()
    freed = User.objects.filter(pk=user.pk, state=State.DELETED).exclude(email=_nobody(user.pk))
    if not freed.update(email=_nobody(user.pk)):
        raise NothingToRelease(str(user))
    _record("user.address_released", user, acting_user, addresses=released)


@transaction.atomic
def _erase_one(user_id: uuid.UUID) -> bool:
    """Whether it was still to be erased: somebody may have restored it meanwhile."""
    for pending in _held(user_id):
        if pending.due_at <= timezone.now():
            _erase(pending)
            return True
    return False


def _held(user_id: uuid.UUID) -> list[PendingErasure]:
    """The pending erasure, if there is one, locked against restoring."""
    return list(PendingErasure.objects.select_for_update().filter(user_id=user_id))


def _erase(pending: PendingErasure) -> None:
    user = User.objects.get(pk=pending.user_id)
    # A closed account's address may be somebody else's by now; a deleted one's is reserved.
    until = pending.created_at if user.state == State.CLOSED else timezone.now()
    former = tuple(former_addresses(user))
    person = Person(user, tuple(pending.addresses), until, former)
    for holding in holdings():
        holding.erase(person)
    _bury(user)
    pending.delete()
    forget_person(person_id=user.pk, tenant_id=user.tenant_id, acting_user=None)
    _record("user.erased", user, None)
    leavers_file.note(user.pk, user.state)


def _bury(user: User) -> None:
    for address in Address.objects.filter(user=user):
        address.address = tombstone_of(address.address)
        address.proven_at = address.proof_asked_at = None
        address.save(update_fields=("address", "proven_at", "proof_asked_at"))
    User.objects.filter(pk=user.pk).update(
        email=tombstone_of(user.email) if user.email else None,
        first_name="",
        last_name="",
        password=make_password(None),
        last_login=None,
    )


def _nobody(user_id: uuid.UUID) -> str:
    """In place of an address that was released."""
    return f"{PREFIX}{user_id}"


def _record(action: str, user: User, acting_user: User | None, **details: object) -> None:
    record(
        action=action,
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
        details=details,
    )
