"""Committed events get their place in the order of their organisation, and a delivery for each endpoint."""

from __future__ import annotations

import uuid

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from feed.models import Delivery, Endpoint, Event, FeedHead
from outbox.services import GIVE_UP_AFTER

AT_ONCE = 500


def relay() -> int:
    """How many events were relayed. Safe to call any number of times, also at once."""
    count = 0
    while tenant_ids := _waiting():
        count += sum(map(_relay_of, tenant_ids))
    return count


def _waiting() -> set[uuid.UUID]:
    rows = Event.objects.filter(number__isnull=True).order_by("id")
    return set(rows.values_list("tenant_id", flat=True)[:AT_ONCE])


@transaction.atomic
def _relay_of(tenant_id: uuid.UUID) -> int:
    """Numbers follow the order in which changes were made; who changes the same waits for the commit before."""
    FeedHead.objects.get_or_create(tenant_id=tenant_id)
    head = FeedHead.objects.select_for_update().get(tenant_id=tenant_id)
    rows = Event.objects.filter(tenant_id=tenant_id, number__isnull=True).order_by("id")
    events = list(rows[:AT_ONCE])
    for event in events:
        head.number += 1
        event.number = head.number
    Event.objects.bulk_update(events, ("number",))
    head.save(update_fields=("number",))
    _fan_out(tenant_id, events)
    return len(events)


def _fan_out(tenant_id: uuid.UUID, events: list[Event]) -> None:
    """Also to endpoints that are paused: nothing is lost while they are mended."""
    now = timezone.now()
    endpoints = list(Endpoint.objects.filter(Q(tenant=None) | Q(tenant=tenant_id)))
    deliveries = (
        Delivery(
            event=event,
            endpoint=endpoint,
            created_at=now,
            next_attempt_at=now,
            give_up_at=now + GIVE_UP_AFTER,
        )
        for event in events
        for endpoint in endpoints
        if not endpoint.kinds or event.kind in endpoint.kinds
    )
    Delivery.objects.bulk_create(deliveries)
