"""From where something came: the IP address of whoever asked for it, which is personal, and erased with its person.

Whose address it is: of whoever is signed in, or acts; where a stranger knocks at somebody's door, of whom the row
speaks. Of nobody it is not kept: rows of the same request say whose it was. Rows from before this was so have it in
the clear, and nobody is shown it once their person was erased.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection

from audit import persons
from audit.models import AuditEvent
from audit.origin import Origin

CAME_FROM = "came_from"
MADE = "user.created"
# Where a row that is not stored yet has it: what is stored never has it in the clear.
Whereabouts = tuple[uuid.UUID, str]


def note(event: AuditEvent, here: Origin, address: str | None) -> None:
    person_id = _as_id(here.user_id()) or person_in(event)
    if address and person_id:
        vars(event)[CAME_FROM] = (person_id, address)


def person_in(event: AuditEvent) -> uuid.UUID | None:
    """Who acts, or of whom the row speaks."""
    return event.actor_id or user_in(event)


def user_in(event: AuditEvent) -> uuid.UUID | None:
    kind, _, known = event.subject.partition(":")
    return _as_id(known) if kind == "user" else None


def seal(events: Collection[AuditEvent]) -> None:
    """Just before they are stored; asks once for the keys of all of them."""
    noted = {event.id: vars(event).pop(CAME_FROM) for event in events if CAME_FROM in vars(event)}
    if not noted:
        return
    people = {person_id for person_id, _ in noted.values()}
    keys = persons.keys_of(people, new=people & _just_made(events))
    sealed = {
        (person_id, address): persons.sealed(address, person_id, keys[person_id])
        for person_id, address in set(noted.values())
    }
    for event in events:
        if event.id in noted:
            event.details[CAME_FROM] = sealed[noted[event.id]]


def _just_made(events: Collection[AuditEvent]) -> set[uuid.UUID]:
    """Whoever signed up by one of these rows has no key yet: nobody needs to look."""
    own = (event for event in events if event.action == MADE)
    return {event.actor_id for event in own if event.actor_id and event.actor_id == user_in(event)}


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
