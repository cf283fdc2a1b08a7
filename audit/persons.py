"""Personal values in the audit log: encrypted under a key per person, which erasure destroys.

The chain runs over what is stored, so it stays whole when nobody can read a value any more. Keys are random, and
lie in the database wrapped under a key that follows from those of the settings.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit import keys
from audit.models import PersonKey
from audit.queries import insert

ERASED = _("[erased]")
UNREADABLE = _("[not readable with the keys of this installation]")
READ_AT_ONCE = 500
# MASTER_KEY was lost, or is another by mistake: people go on, and their keys wait for it.
NO_KEY = ""
Keys = dict[uuid.UUID, PersonKey]


def keys_of(people: Collection[uuid.UUID], *, new: Collection[uuid.UUID] = ()) -> Keys:
    """Those of all of them, made where there are none. Who is `new` has none: nobody looks."""
    found = _found(set(people) - set(new))
    missing = sorted(set(people) - found.keys() - set(new))
    if missing:
        # Of two that make a key at once, one is kept, for both.
        PersonKey.objects.bulk_create(map(_made, missing), ignore_conflicts=True)
        found |= _found(missing)
    made = {person_id: _made(person_id) for person_id in new}
    if made:
        insert(list(made.values()))
    return found | made


def sealed(value: object, person_id: uuid.UUID, key: PersonKey) -> dict[str, object]:
    """What to store of `value`; of somebody who was erased, nothing, nor where the key cannot be read."""
    if key.forgotten_at:
        return {"person": str(person_id), "sealed": None}
    try:
        token = _opened(key).encrypt(json.dumps(value).encode()).decode()
    except InvalidToken:
        token = NO_KEY
    return {"person": str(person_id), "sealed": token}


def encrypted(values: Mapping[str, object], person_id: uuid.UUID) -> dict[str, object]:
    return sealed(dict(values), person_id, keys_of([person_id])[person_id])


def person_of(stored: Mapping[str, str]) -> uuid.UUID:
    return uuid.UUID(stored["person"])


def opened(stored: Mapping[str, str | None], key: PersonKey | None) -> object:
    """What `sealed` sealed."""
    token = stored["sealed"]
    if token is None or key is None or key.forgotten_at:
        return ERASED
    try:
        return json.loads(_opened(key).decrypt(token))
    except InvalidToken:
        return UNREADABLE


def existing(people: Collection[uuid.UUID]) -> Keys:
    return _found(people) if people else {}


def forget(person_id: uuid.UUID) -> None:
    """Destroys the key. The row stays, so that nothing readable is recorded about this person again."""
    PersonKey.objects.update_or_create(
        person_id=person_id, defaults={"wrapped": "", "forgotten_at": timezone.now()}
    )


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


def _found(people: Collection[uuid.UUID]) -> Keys:
    if not people:
        return {}
    rows = PersonKey.objects.order_by().filter(person_id__in=people)
    return {row.person_id: row for row in rows}


def _made(person_id: uuid.UUID) -> PersonKey:
    wrapped = keys.all_for_persons().encrypt(Fernet.generate_key()).decode()
    return PersonKey(person_id=person_id, wrapped=wrapped)


def _opened(row: PersonKey) -> Fernet:
    return Fernet(keys.all_for_persons().decrypt(row.wrapped))


def _opens(key: Fernet | MultiFernet, wrapped: str) -> bool:
    try:
        key.decrypt(wrapped)
    except InvalidToken:
        return False
    return True
