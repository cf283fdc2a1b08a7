"""Names for the ids in the log, for people who read it. Whose they are is known above; until somebody says, ids stay."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection

from audit.models import AuditEvent
from audit.scope import Scope
from audit.spelling import both

Names = dict[uuid.UUID, str]


def _none(ids: Collection[uuid.UUID], seen_by: Scope) -> Names:
    return {}


_named: list[Callable[[Collection[uuid.UUID], Scope], Names]] = [_none]


def named_by(named: Callable[[Collection[uuid.UUID], Scope], Names]) -> None:
    """`named` tells no name that whoever asks may not see."""
    _named[0] = named


def give_names(events: Collection[AuditEvent], seen_by: Scope) -> None:
    """To all of them at once, for `name_in`."""
    ids = {known for event in events for known in _ids_in(event)}
    names = _named[0](ids, seen_by) if ids else {}
    for event in events:
        vars(event)["names"] = names


def name_in(event: AuditEvent, known: uuid.UUID | None) -> str:
    """The name, or the id where there is none."""
    names: Names = vars(event).get("names", {})
    return "" if known is None else names.get(known) or str(known)


def is_named(event: AuditEvent, known: uuid.UUID) -> bool:
    return known in vars(event).get("names", {})


def subject_in(event: AuditEvent) -> str:
    """`user:<id>` as `user: <name>`; anything else as it is."""
    kind, _, rest = event.subject.partition(":")
    known = _as_id(rest)
    name = name_in(event, known) if known else ""
    if kind == "domain":
        return f"{kind}:{both(rest)}"
    return f"{kind}: {name}" if name and name != str(known) else event.subject


def _ids_in(event: AuditEvent) -> list[uuid.UUID]:
    found = (
        event.actor_id,
        event.on_behalf_of_id,
        event.tenant_id,
        _as_id(event.subject.partition(":")[2]),
    )
    return [known for known in found if known]


def _as_id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
