"""Addresses that an account gave up: from then on, mail to them is somebody else's. Only the log knows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from audit.models import AuditEvent
from audit.reading import PERSONAL, readable
from tenants.models import User

REMOVED, CHANGED = "user.alias_removed", "user.address_changed"


def former_addresses(user: User) -> list[tuple[str, dt.datetime]]:
    """Each with when it was given up; of somebody who was erased none can be read."""
    events = AuditEvent.objects.filter(subject=f"user:{user.pk}", action__in=(REMOVED, CHANGED))
    return list(_given_up(events.order_by("at")))


def _given_up(events: Any) -> Iterator[tuple[str, dt.datetime]]:
    for entry in readable(events):
        values = entry.details.get(PERSONAL)
        if not isinstance(values, Mapping):
            continue
        removed = entry.event.action == REMOVED
        address = values.get("address") if removed else values.get("before")
        if address and not values.get("kept"):
            yield str(address), entry.event.at
