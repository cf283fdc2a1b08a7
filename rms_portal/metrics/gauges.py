"""What a scrape finds out from database and disk: what waits, what was asked for, when the scheduler lived.

Cheap at any size: every number comes from an index that holds little else, from the last hour, or stops at
a number beyond which it makes no difference.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterator

from django.db import DatabaseError, connection, transaction
from django.db.models import Count
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from feed import selectors as feed
from feed.models import Delivery, Endpoint
from outbox.models import OutboxMail
from rms_portal.scheduler import last_sign_of_life
from signup.models import SignUp

KEEP_SECONDS = 10
LONGEST_QUERY_SECONDS = 2
# Counting on would cost and tell nothing more: what waits is far too much.
MOST_COUNTED = 100_000
WINDOW = dt.timedelta(hours=1)


class DatabaseGauges(Collector):
    """Asked at each scrape; the database is asked every ten seconds at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: list[Metric] = []
        self._good_until = 0.0

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if time.monotonic() >= self._good_until:
                self._found = list(_ask())
                self._good_until = time.monotonic() + KEEP_SECONDS
            yield from self._found


class SchedulerGauge(Collector):
    def collect(self) -> Iterator[Metric]:
        at = last_sign_of_life()
        if at is not None:
            yield _gauge(
                "rms_scheduler_last_beat_timestamp_seconds", "When it last started a task.", at
            )


def _ask() -> Iterator[Metric]:
    name, help_text = "rms_database_up", "Whether the database answered."
    try:
        with transaction.atomic():
            _answer_soon()
            found = [_mails(), _sent(), _oldest(), _sign_ups(), *_webhooks()]
    except DatabaseError:
        yield _gauge(name, help_text, 0)
    else:
        yield _gauge(name, help_text, 1)
        yield from found


def _answer_soon() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = %s", (f"{LONGEST_QUERY_SECONDS}s",))


def _mails() -> Metric:
    """All states but *sent*, which grows for ever."""
    family = GaugeMetricFamily(
        "rms_mails",
        f"Mails in the outbox by state, counted up to {MOST_COUNTED}.",
        labels=("state",),
    )
    for state in OutboxMail.State:
        if state != OutboxMail.State.SENT:
            rows = OutboxMail.objects.filter(state=state).order_by()
            family.add_metric((state.value,), rows.values("state")[:MOST_COUNTED].count())
    return family


def _sent() -> Metric:
    sent = OutboxMail.objects.filter(
        state=OutboxMail.State.SENT, handed_over_at__gt=timezone.now() - WINDOW
    )
    count = sent.order_by().values("state")[:MOST_COUNTED].count()
    return _gauge("rms_mails_sent_last_hour", "Mails handed over in the last hour.", count)


def _oldest() -> Metric:
    age = oldest_due_seconds()
    return _gauge("rms_oldest_due_mail_seconds", "For how long the longest due mail is due.", age)


def oldest_due_seconds() -> float:
    """For how long the mail that is due for longest has been due; 0 where none is."""
    due = OutboxMail.objects.filter(state=OutboxMail.State.QUEUED).order_by("next_attempt_at")
    at = due.values_list("next_attempt_at", flat=True).first()
    return max(0.0, (timezone.now() - at).total_seconds()) if at else 0.0


def _sign_ups() -> Metric:
    family = GaugeMetricFamily(
        "rms_sign_ups_last_hour",
        "Sign-ups of the last hour, by what became of them and what was answered.",
        labels=("state", "outcome"),
    )
    recent = SignUp.objects.filter(created_at__gt=timezone.now() - WINDOW).order_by()
    for row in recent.values("state", "outcome").annotate(number=Count("*")):
        family.add_metric((row["state"], row["outcome"]), row["number"])
    return family


def _webhooks() -> Iterator[Metric]:
    """All states but *delivered*, and how late what is due is; what waits for a webhook that is paused is not due."""
    endpoints = GaugeMetricFamily("rms_webhooks", "Webhooks by state.", labels=("state",))
    for state in Endpoint.State:
        endpoints.add_metric((state.value,), Endpoint.objects.filter(state=state).count())
    deliveries = GaugeMetricFamily(
        "rms_webhook_deliveries",
        f"Deliveries to webhooks by state, counted up to {MOST_COUNTED}.",
        labels=("state",),
    )
    for one in Delivery.State:
        if one != Delivery.State.DELIVERED:
            rows = Delivery.objects.filter(state=one).order_by()
            deliveries.add_metric((one.value,), rows.values("state")[:MOST_COUNTED].count())
    now = timezone.now()
    due = feed.due(now).order_by("next_attempt_at").values_list("next_attempt_at", flat=True)
    at = due.first()
    age = (now - at).total_seconds() if at else 0
    help_text = "For how long the longest due delivery is due."
    yield from (endpoints, deliveries, _gauge("rms_oldest_due_webhook_seconds", help_text, age))


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=value)
