from __future__ import annotations

import ipaddress
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

from django.db import transaction

from audit import origin, persons, whereabouts
from audit.models import AuditEvent
from audit.queries import insert
from audit.reading import PERSONAL

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
        _add(events)
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
    personal: Mapping[str, object] | None = None,
    person_id: uuid.UUID | None = None,
) -> AuditEvent:
    """Adds a row, in the transaction of the change it tells of.

    `action` is `<thing>.<what happened>`, `subject` is `<kind>:<id>`, and `details` holds ids and
    settings, never an address, a name or a secret. What is personal goes into `personal`, which is stored
    encrypted under a key of the person whom it is about, `person_id`, and costs a query more. So is from where it
    came, under the key of whose address that is (audit/whereabouts.py).
    """
    details = dict(details or {})
    if personal is not None and person_id is not None:
        details[PERSONAL] = persons.encrypted(personal, person_id)
    here = origin.current()
    whose = on_behalf_of or here.on_behalf_of
    event = AuditEvent(
        action=action,
        subject=subject,
        tenant_id=tenant_id,
        actor_id=acting_user.id if acting_user else None,
        on_behalf_of_id=whose.id if whose else None,
        result=result,
        request_id=here.request_id,
        details=details,
    )
    whereabouts.note(event, here, _address_or_none(here.address))
    gathering = _gathering.get()
    if gathering is None:
        _add([event])
    else:
        gathering.append(event)
    return event


def _add(events: list[AuditEvent]) -> None:
    if events:
        whereabouts.seal(events)
        insert(events)


@transaction.atomic
def forget_person(
    *, person_id: uuid.UUID, tenant_id: uuid.UUID | None, acting_user: Actor | None
) -> None:
    """From here on, nobody reads what the log holds about this person: its key is gone."""
    persons.forget(person_id)
    record(
        action="person.forgotten",
        subject=f"user:{person_id}",
        tenant_id=tenant_id,
        acting_user=acting_user,
    )


def _address_or_none(text: str) -> str | None:
    """A client on a Unix socket has no address."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
