"""Bringing the database up to date while the version before still serves."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import OperationalError, connection

logger = logging.getLogger(__name__)
# Whoever waits for a table's lock makes everybody behind wait too, so nothing waits long.
LOCK_TIMEOUT_SECONDS = 3
PAUSE_SECONDS = 2
ATTEMPTS = 60
LOCK_NOT_AVAILABLE = "55P03"  # PostgreSQL's code for a lock that was not had in time


def migrate(*, verbosity: int) -> None:
    """Migrates; where a table stays locked, steps back, lets the others go on, and tries again."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            with _short_waits_for_locks():
                call_command("migrate", interactive=False, verbosity=verbosity)
            return
        except OperationalError as error:
            if not _was_locked_out(error) or attempt == ATTEMPTS:
                raise
            logger.warning("A table is locked by something else; migrating again in a moment.")
            time.sleep(PAUSE_SECONDS)


@contextmanager
def _short_waits_for_locks() -> Iterator[None]:
    if connection.vendor != "postgresql":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = %s", (f"{LOCK_TIMEOUT_SECONDS}s",))
    try:
        yield
    finally:
        connection.close()


def _was_locked_out(error: OperationalError) -> bool:
    return getattr(error.__cause__, "pgcode", None) == LOCK_NOT_AVAILABLE
