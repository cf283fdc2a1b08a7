from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator

from django.db.models import Count, Q, QuerySet

from feed.exceptions import NoSuchWebhook
from feed.models import Delivery, Endpoint
from feed.secrets import opened

State = Delivery.State


def get_webhook(webhook_id: uuid.UUID) -> Endpoint:
    """Raises NoSuchWebhook."""
    found = Endpoint.objects.filter(id=webhook_id).first()
    if found is None:
        raise NoSuchWebhook(webhook_id)
    return found


def webhooks_with_work() -> Iterator[tuple[Endpoint, int, int]]:
    """Each with how many deliveries wait, and how many failed."""
    waiting = Q(deliveries__state__in=(State.QUEUED, State.SENDING))
    rows = Endpoint.objects.annotate(
        waiting=Count("deliveries", filter=waiting),
        failed=Count("deliveries", filter=Q(deliveries__state=State.FAILED)),
    )
    return ((row, row.waiting, row.failed) for row in rows)


def due(now: dt.datetime) -> QuerySet[Delivery]:
    """What may be sent now: not to whom is paused, or left alone for a while.

    Without a join, so that a claim is one update whose conditions PostgreSQL checks again when it has waited for
    another's: by a join they would be in a subquery, which it does not ask anew, and two would claim the same.
    """
    awake = Endpoint.objects.filter(
        Q(rests_until=None) | Q(rests_until__lte=now), state=Endpoint.State.ACTIVE
    )
    return Delivery.objects.filter(
        state=State.QUEUED, next_attempt_at__lte=now, endpoint__in=awake.order_by()
    )


def secrets_of(endpoint: Endpoint, now: dt.datetime) -> list[str]:
    """Those that sign at the moment, the newest first. Raises cryptography's InvalidToken."""
    found = [opened(endpoint.secret)]
    if endpoint.previous_until and now < endpoint.previous_until:
        found.append(opened(endpoint.previous_secret))
    return found


def in_need() -> QuerySet[Endpoint]:
    """Those that are paused, or did not take something."""
    failed = Delivery.objects.filter(state=State.FAILED).values("endpoint")
    return Endpoint.objects.filter(Q(state=Endpoint.State.PAUSED) | Q(id__in=failed))
