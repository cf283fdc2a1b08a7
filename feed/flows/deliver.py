"""Telling endpoints what happened: once, again after a while, for 72 hours."""

from __future__ import annotations

import datetime as dt
import logging
import time
import uuid

from cryptography.fernet import InvalidToken
from django.db.models import F
from django.utils import timezone

from audit.exceptions import Refusal
from feed import selectors, signing, transport
from feed.flows import endpoints
from feed.models import Delivery, Endpoint
from feed.representations import body_of
from outbox.services import delay_after

logger = logging.getLogger(__name__)

CLAIM = dt.timedelta(minutes=2)
BATCH = 50
WORK_FOR_SECONDS = 20
# In a row, before an endpoint is left alone for a while.
PATIENCE = 3
GONE = 410
HEADERS = {
    "Content-Type": "application/json",
    "User-Agent": "rms-portal-webhooks/1",
    "Connection": "close",
}
State = Delivery.State


def deliver_due() -> None:
    """Sends what is due, in order, until nothing is or the time is up; the sweeper finds the rest."""
    until = time.monotonic() + WORK_FOR_SECONDS
    while ids := _due_ids():
        for delivery_id in ids:
            if time.monotonic() > until:
                return
            deliver(delivery_id)


def _due_ids() -> list[uuid.UUID]:
    rows = selectors.due(timezone.now()).order_by("event_id", "endpoint_id")
    return list(rows.values_list("id", flat=True)[:BATCH])


def deliver(delivery_id: uuid.UUID) -> None:
    """Sends one delivery that is due, unless another worker has it. Safe to call any number of times."""
    delivery = _claimed(delivery_id)
    if delivery is None:
        return
    try:
        status = _post(delivery)
    except InvalidToken:
        _put_back(delivery, "no key of the settings opens its secret: rotate it")
    except (Refusal, *transport.FAILURES) as error:
        _put_back(delivery, f"{type(error).__name__}: {error}")
    else:
        _settle(delivery, status)


def _claimed(delivery_id: uuid.UUID) -> Delivery | None:
    now = timezone.now()
    hit = (
        selectors.due(now)
        .filter(id=delivery_id)
        .update(state=State.SENDING, claimed_until=now + CLAIM, attempts=F("attempts") + 1)
    )
    if not hit:
        return None
    return Delivery.objects.select_related("event", "endpoint").get(id=delivery_id)


def _post(delivery: Delivery) -> int:
    now = timezone.now()
    body = body_of(delivery.event)
    signed = signing.headers(
        message_id=str(delivery.event.uid),
        timestamp=int(now.timestamp()),
        body=body,
        secrets=selectors.secrets_of(delivery.endpoint, now),
    )
    return transport.post(delivery.endpoint.url, body=body, headers=HEADERS | signed)


def _settle(delivery: Delivery, status: int) -> None:
    if 200 <= status < 300:
        _mark_delivered(delivery)
        return
    _put_back(delivery, f"answered {status}")
    if status == GONE:
        endpoints.pause(endpoint=delivery.endpoint, reason=Endpoint.Reason.GONE, acting_user=None)


def _mark_delivered(delivery: Delivery) -> None:
    now = timezone.now()
    Delivery.objects.filter(id=delivery.id, state=State.SENDING).update(
        state=State.DELIVERED, claimed_until=None, delivered_at=now, last_error=""
    )
    Endpoint.objects.filter(id=delivery.endpoint_id).update(
        last_success_at=now, failures=0, rests_until=None
    )


def _put_back(delivery: Delivery, error: str) -> None:
    """Whatever went wrong, it is tried again; for good once its time is over."""
    now = timezone.now()
    logger.warning("Delivery %s was not taken: %s", delivery.id, error.partition(":")[0])
    is_over = now >= delivery.give_up_at
    Delivery.objects.filter(id=delivery.id, state=State.SENDING).update(
        state=State.FAILED if is_over else State.QUEUED,
        claimed_until=None,
        failed_at=now if is_over else None,
        next_attempt_at=now + delay_after(delivery.attempts),
        last_error=error[:300].replace("\0", ""),
    )
    _note_failure(delivery.endpoint, now)
    if is_over:
        _pause_if_dead(delivery)


def _note_failure(endpoint: Endpoint, now: dt.datetime) -> None:
    rows = Endpoint.objects.filter(id=endpoint.id)
    rows.update(failures=F("failures") + 1)
    failures = rows.values_list("failures", flat=True).first() or 0
    if failures >= PATIENCE:
        rows.update(rests_until=now + delay_after(failures - PATIENCE + 1))


def _pause_if_dead(delivery: Delivery) -> None:
    """Whoever took something else meanwhile is alive, and does not take this one."""
    endpoint = Endpoint.objects.get(id=delivery.endpoint_id)
    if endpoint.last_success_at is None or endpoint.last_success_at < delivery.created_at:
        endpoints.pause(endpoint=endpoint, reason=Endpoint.Reason.NOT_ANSWERING, acting_user=None)


def sweep() -> None:
    """Takes back claims of workers that died."""
    now = timezone.now()
    Delivery.objects.filter(state=State.SENDING, claimed_until__lt=now).update(
        state=State.QUEUED, claimed_until=None, next_attempt_at=now
    )
