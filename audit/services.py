from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from audit import origin
from audit.models import AuditEvent

_gathering: ContextVar[list[AuditEvent] | None] = ContextVar("gathering", default=None)


class Actor(Protocol):
    """Whoever acts: an account."""

    id: uuid.UUID


@contextmanager
def gathered() -> Iterator[None]:
    """Adds the rows that are recorded within it by one query at its end.

    Begin it inside the transaction that they belong to, or they would commit apart from the change. What
    may be rolled back alone, by a savepoint, needs one of its own: what fails within is forgotten.
    """
    events: list[AuditEvent] = []
    token = _gathering.set(events)
    try:
        yield
    finally:
        _gathering.reset(token)
    outer = _gathering.get()
    if outer is None:
        AuditEvent.objects.bulk_create(events)
    else:
        outer += events


def record(
    *,
    action: str,
    subject: str,
    tenant_id: uuid.UUID | None,
    acting_user: Actor | None,
    on_behalf_of: Actor | None = None,
    result: AuditEvent.Result = AuditEvent.Result.DONE,
    details: dict[str, object] | None = None,
) -> AuditEvent:
    """Adds a row, in the transaction of the change it tells of.

    `action` is `<thing>.<what happened>`, `subject` is `<kind>:<id>`, and `details` holds ids and
    settings, never an address, a name or a secret.
    """
    here = origin.current()
    event = AuditEvent(
        action=action,
        subject=subject,
        tenant_id=tenant_id,
        actor_id=acting_user.id if acting_user else None,
        on_behalf_of_id=on_behalf_of.id if on_behalf_of else None,
        result=result,
        address=_address_or_none(here.address),
        request_id=here.request_id,
        details=details or {},
    )
    gathering = _gathering.get()
    if gathering is None:
        event.save()
    else:
        gathering.append(event)
    return event


def _address_or_none(text: str) -> str | None:
    """A client on a Unix socket has no address."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
