"""Personal values in the audit log: encrypted under a key per person, which erasure destroys.

The chain runs over what is stored, so it stays whole when nobody can read a value any more. Keys are random, and
lie in the database wrapped under a key that follows from those of the settings.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import keys
from audit.models import AuditEvent, PersonKey

PERSONAL = "personal"
ERASED = _("[erased]")
UNREADABLE = _("[not readable with the keys of this installation]")
READ_AT_ONCE = 500


def encrypted(values: Mapping[str, object], person_id: uuid.UUID) -> dict[str, object]:
    """What to store of `values`; of somebody who was erased, nothing."""
    row = PersonKey.objects.filter(person_id=person_id).first() or _made(person_id)
    if row.forgotten_at:
        return {"person": str(person_id), "sealed": None}
    sealed = _opened(row).encrypt(json.dumps(dict(values)).encode()).decode()
    return {"person": str(person_id), "sealed": sealed}


def forget(person_id: uuid.UUID) -> None:
    """Destroys the key. The row stays, so that nothing readable is recorded about this person again."""
    PersonKey.objects.update_or_create(
        person_id=person_id, defaults={"wrapped": "", "forgotten_at": timezone.now()}
    )


def readable(events: Iterable[AuditEvent]) -> Iterator[tuple[AuditEvent, dict[str, Any]]]:
    """Each event with its details as people read them; some at a time."""
    iterator = iter(events)
    while part := list(islice(iterator, READ_AT_ONCE)):
        persons = {person for event in part if (person := _person_of(event))}
        rows = PersonKey.objects.in_bulk(persons) if persons else {}
        for event in part:
            person = _person_of(event)
            yield event, _details(event, rows.get(person) if person else None)


def renew() -> int:
    """Wraps keys that an older key of the settings wraps under the newest one; their number."""
    newest, every = keys.for_persons()[0], keys.all_for_persons()
    count = 0
    for row in PersonKey.objects.filter(forgotten_at=None).iterator(chunk_size=READ_AT_ONCE):
        if not _opens(newest, row.wrapped) and _opens(every, row.wrapped):
            wrapped = every.rotate(row.wrapped).decode()
            same = PersonKey.objects.filter(person_id=row.person_id, wrapped=row.wrapped)
            count += same.update(wrapped=wrapped)
    return count


def _person_of(event: AuditEvent) -> uuid.UUID | None:
    personal = event.details.get(PERSONAL)
    return uuid.UUID(personal["person"]) if personal else None


def _details(event: AuditEvent, row: PersonKey | None) -> dict[str, Any]:
    personal = event.details.get(PERSONAL)
    if not personal:
        return dict(event.details)
    return {**event.details, PERSONAL: _opened_values(personal["sealed"], row)}


def _opened_values(sealed: str | None, row: PersonKey | None) -> object:
    if sealed is None or row is None or row.forgotten_at:
        return ERASED
    try:
        return json.loads(_opened(row).decrypt(sealed))
    except InvalidToken:
        return UNREADABLE


def _made(person_id: uuid.UUID) -> PersonKey:
    """Of two that make a key at once, one is kept, for both."""
    wrapped = keys.all_for_persons().encrypt(Fernet.generate_key()).decode()
    row, _is_new = PersonKey.objects.get_or_create(
        person_id=person_id, defaults={"wrapped": wrapped}
    )
    return row


def _opened(row: PersonKey) -> Fernet:
    return Fernet(keys.all_for_persons().decrypt(row.wrapped))


def _opens(key: Fernet | Any, wrapped: str) -> bool:
    try:
        key.decrypt(wrapped)
    except InvalidToken:
        return False
    return True
