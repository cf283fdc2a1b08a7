"""Is the process alive, and can it do its work."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from kombu.exceptions import OperationalError

from rms_portal import keys
from rms_portal.celery import app
from rms_portal.metrics.gauges import oldest_due_seconds

logger = logging.getLogger(__name__)
BROKER_TIMEOUT_SECONDS = 2
MAIL_IS_LATE_AFTER_SECONDS = 10 * 60
# Without these no page is right. Without the others, what people ask for waits, and nothing is lost.
NEEDED = ("database", "migrations", "secret_key")

Parts = dict[str, bool | None]
# What cannot change while the process runs is asked until it is right, then no more.
_right_for_good: set[str] = set()


def healthz(request: HttpRequest) -> HttpResponse:
    """Alive: the process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> JsonResponse:
    """Ready: 200, or 503 where no page would be right; the body says what is wrong, null is not known.

    A broker or mail server that is away is no reason to take web processes out of service: sign-ups are
    kept and their mail goes out later, and all processes would go at once. Monitors ask `/readyz?all`,
    which is 503 for these too.
    """
    parts: Parts = {"database": _database_answers(), "migrations": None, "secret_key": None}
    parts |= {"broker": _broker_answers(), "mail": None}
    answer: dict[str, object] = {}
    if parts["database"]:
        oldest = oldest_due_seconds()
        parts |= {"migrations": _is_migrated(), "secret_key": _has_the_right_key()}
        parts["mail"] = oldest < MAIL_IS_LATE_AFTER_SECONDS
        answer = {"oldest_due_mail_seconds": round(oldest)}
    is_ready = all(parts[name] for name in NEEDED)
    is_good = all(parts.values()) if "all" in request.GET else is_ready
    return JsonResponse({"ready": is_ready, **parts, **answer}, status=200 if is_good else 503)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        logger.exception("The database does not answer.")
        return False
    return True


def _is_migrated() -> bool:
    if "migrations" not in _right_for_good:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            logger.error("The database is older than the code: run manage.py prepare.")
            return False
        _right_for_good.add("migrations")
    return True


def _has_the_right_key() -> bool:
    if "secret_key" not in _right_for_good:
        if keys.state() is keys.KeyState.WRONG:
            logger.critical(keys.WRONG)
            return False
        _right_for_good.add("secret_key")
    return True


def _broker_answers() -> bool:
    try:
        with app.connection_for_write(connect_timeout=BROKER_TIMEOUT_SECONDS) as broker:
            broker.ensure_connection(max_retries=1, timeout=BROKER_TIMEOUT_SECONDS)
    except (OperationalError, OSError):
        logger.exception(
            "The broker at %s does not answer.", settings.CELERY_BROKER_URL.split("@")[-1]
        )
        return False
    return True
