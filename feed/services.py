"""Noting what happened, in the transaction of the change."""

from __future__ import annotations

import uuid
from functools import partial

from django.db import transaction

from feed.models import Event, Kind
from outbox.announcing import ask

RELAY_TASK = "feed.tasks.relay_events"
# The sweeper finds what nobody was told of by then.
ANNOUNCED_FOR_SECONDS = 15


def publish(*, kind: Kind, tenant_id: uuid.UUID, data: dict[str, object]) -> Event:
    """Adds an event to the transaction at hand; a worker is told once that has committed."""
    event = Event.objects.create(kind=kind, tenant_id=tenant_id, data=data)
    # Robust: what was committed stays done, whatever becomes of the announcement.
    transaction.on_commit(partial(ask, RELAY_TASK, expires=ANNOUNCED_FOR_SECONDS), robust=True)
    return event
