"""What is kept how long, and under which key."""

from __future__ import annotations

import datetime as dt

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone

from audit.services import record
from feed import secrets
from feed.models import Endpoint, Event

KEEP = dt.timedelta(days=90)
BATCH = 1000


def purge() -> int:
    """Deletes events of more than 90 days ago with their deliveries, taken or not; how many.

    In batches with a transaction each, so that nothing is locked for long.
    """
    deleted = 0
    while ids := _old_ids():
        with transaction.atomic():
            Event.objects.filter(id__in=ids).delete()
            record(
                action="events.purged",
                subject="event:old",
                tenant_id=None,
                acting_user=None,
                details={"deleted": len(ids)},
            )
        deleted += len(ids)
    return deleted


def _old_ids() -> list[int]:
    old = Event.objects.filter(at__lt=timezone.now() - KEEP).order_by("at")
    return list(old.values_list("id", flat=True)[:BATCH])


def forget_older_secrets() -> int:
    """Those that sign no more; how many."""
    return Endpoint.objects.filter(previous_until__lte=timezone.now()).update(
        previous_secret="", previous_until=None
    )


def renew_secrets() -> int:
    """Encrypts secrets under the newest key of the settings; how many. What no key opens is left as it is."""
    count = 0
    for endpoint in Endpoint.objects.all():
        try:
            renewed = secrets.renewed(endpoint.secret)
        except InvalidToken:
            continue
        same = Endpoint.objects.filter(id=endpoint.id, secret=endpoint.secret)
        count += same.update(secret=renewed)
    return count
