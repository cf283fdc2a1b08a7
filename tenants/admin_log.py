"""The administration log of an organisation, as its people and their programs read it."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import QuerySet

from audit.models import AuditEvent
from audit.reading import Entry, readable
from tenants.models import Takeover, Tenant, User

READ_AT_ONCE = 500
COLUMNS = (
    "time",
    "user",
    "on_behalf_of",
    "action",
    "subject",
    "result",
    "address",
    "details",
)


def events_of(
    tenant: Tenant, *, since: dt.datetime | None, until: dt.datetime | None
) -> QuerySet[AuditEvent]:
    """The oldest first; from `since` on, before `until`."""
    events = AuditEvent.objects.filter(tenant_id__in=logs_of(tenant.pk)).order_by("at", "id")
    if since:
        events = events.filter(at__gte=since)
    return events.filter(at__lt=until) if until else events


def logs_of(tenant_id: uuid.UUID) -> set[uuid.UUID]:
    """Its own log, and those of organisations of which all went to it: these have ended."""
    found, newest = {tenant_id}, {tenant_id}
    ended = Takeover.objects.filter(
        is_whole=True, state__in=(Takeover.State.DONE, Takeover.State.UNDOING)
    )
    while newest:
        came = ended.filter(target_tenant_id__in=newest)
        newest = set(came.values_list("source_tenant_id", flat=True)) - found
        found |= newest
    return found


def entries(events: Iterable[AuditEvent]) -> Iterator[dict[str, Any]]:
    """With the address of who acted, where the account still has one, and else its id."""
    iterator = readable(events)
    while part := list(islice(iterator, READ_AT_ONCE)):
        names = _names(entry.event for entry in part)
        for entry in part:
            yield _row(entry, names)


def _names(events: Iterable[AuditEvent]) -> dict[uuid.UUID, str]:
    ids = {one for event in events for one in (event.actor_id, event.on_behalf_of_id) if one}
    users = User.objects.filter(id__in=ids).order_by().values_list("id", "email")
    return {user_id: email for user_id, email in users if email}


def _row(entry: Entry, names: dict[uuid.UUID, str]) -> dict[str, Any]:
    event = entry.event
    return {
        "id": event.id,
        "time": event.at.astimezone(dt.UTC).isoformat(timespec="milliseconds"),
        "user": _name(event.actor_id, names),
        "user_id": event.actor_id,
        "on_behalf_of": _name(event.on_behalf_of_id, names),
        "on_behalf_of_id": event.on_behalf_of_id,
        "action": event.action,
        "subject": event.subject,
        "result": event.result,
        "address": entry.address,
        "request_id": event.request_id,
        "details": entry.details,
    }


def _name(user_id: uuid.UUID | None, names: dict[uuid.UUID, str]) -> str | None:
    return names.get(user_id, str(user_id)) if user_id else None


def tab_separated(entry: dict[str, Any]) -> str:
    return "\t".join(_cell(entry[column]) for column in COLUMNS)


def _cell(value: object) -> str:
    """JSON writes a tab or a new line within a text as an escape; a text alone has neither. Whatever else cannot be
    seen is written as an escape: it could begin a line of its own, or speak to a terminal.
    """
    if value is None:
        return ""
    if isinstance(value, dict):
        text = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False) if value else ""
    else:
        text = " ".join(str(value).split())
    return "".join(char if char.isprintable() else _escape(char) for char in text)


def _escape(char: str) -> str:
    return json.dumps(char)[1:-1]
