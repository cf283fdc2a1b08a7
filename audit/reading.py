"""Rows of the log as people read them: what is personal decrypted, where its person was not erased."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from audit import persons
from audit.models import AuditEvent
from audit.persons import ERASED, READ_AT_ONCE, Keys, opened, person_of
from audit.whereabouts import CAME_FROM, person_in

PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class Entry:
    """`about` is whose the personal values in `details` are; `address` is from where it came, of `came_by`, who is
    who acted but for few rows.
    """

    event: AuditEvent
    details: dict[str, Any]
    about: uuid.UUID | None
    address: str | None
    came_by: uuid.UUID | None


def readable(events: Iterable[AuditEvent]) -> Iterator[Entry]:
    """Some at a time: one question for the keys of many."""
    iterator = iter(events)
    while part := list(islice(iterator, READ_AT_ONCE)):
        keys = persons.existing({person for event in part for person in _people_in(event)})
        for event in part:
            yield _entry(event, keys)


def _people_in(event: AuditEvent) -> Collection[uuid.UUID]:
    stored = (event.details.get(name) for name in (PERSONAL, CAME_FROM))
    people = {person_of(value) for value in stored if value}
    of_before = person_in(event) if event.address else None
    return people | {of_before} if of_before else people


def _entry(event: AuditEvent, keys: Keys) -> Entry:
    details = dict(event.details)
    came_from, personal = details.pop(CAME_FROM, None), details.get(PERSONAL)
    about = None
    if personal:
        about = person_of(personal)
        details[PERSONAL] = opened(personal, keys.get(about))
    if came_from:
        by = person_of(came_from)
        return Entry(event, details, about, str(opened(came_from, keys.get(by))), by)
    return Entry(event, details, about, *_of_before(event, keys))


def _of_before(event: AuditEvent, keys: Keys) -> tuple[str | None, uuid.UUID | None]:
    """Of a row with an address in the clear, if it has one."""
    by = person_in(event) if event.address else None
    key = keys.get(by) if by else None
    return (str(ERASED) if key and key.forgotten_at else event.address), by
