"""Counts are kept for some minutes, with the time that they are of."""

from __future__ import annotations

import datetime as dt
import uuid

from django.utils import timezone

from rms_portal.dashboard.counting import count
from rms_portal.models import Tally

GOOD_FOR = dt.timedelta(minutes=5)
FORGOTTEN_AFTER = dt.timedelta(days=1)
INSTALLATION = "installation"


def tally(tenant_id: uuid.UUID | None) -> Tally:
    """The kept one, if it is good still; otherwise one that is counted now."""
    now = timezone.now()
    kept = Tally.objects.filter(of=_name(tenant_id), counted_at__gt=now - GOOD_FOR).first()
    return kept or count_anew(tenant_id)


def count_anew(tenant_id: uuid.UUID | None) -> Tally:
    now = timezone.now()
    values = {"counted_at": now, "numbers": count(tenant_id, now)}
    row, _ = Tally.objects.update_or_create(of=_name(tenant_id), defaults=values)
    # As it comes back from the database: the same whether or not it was kept.
    row.refresh_from_db()
    return row


def forget() -> None:
    Tally.objects.filter(counted_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()


def _name(tenant_id: uuid.UUID | None) -> str:
    return str(tenant_id) if tenant_id else INSTALLATION
