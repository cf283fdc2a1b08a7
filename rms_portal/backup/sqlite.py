"""SQLite: its own online backup, in both directions."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import connection

from rms_portal.backup.exceptions import Damaged, InUse

PART = "database.sqlite3"
IS_COMPRESSED = False
WAIT_SECONDS = 10


class Target(Protocol):
    def write(self, data: bytes, /) -> int: ...


def _live() -> Path:
    return Path(connection.settings_dict["NAME"])


def dump(target: Target) -> None:
    """Everything as it was at one instant, while others go on."""
    with tempfile.NamedTemporaryFile(dir=settings.VAR_DIR, prefix="backup-") as copy:
        with (
            closing(sqlite3.connect(_live(), timeout=WAIT_SECONDS)) as source,
            closing(sqlite3.connect(copy.name)) as kept,
        ):
            source.backup(kept)
        shutil.copyfileobj(copy, target)


def refuse_while_in_use() -> None:
    """Who has the file open cannot be told; whoever writes at that moment is noticed by `restore`."""
    connection.close()


def restore(archive: Path) -> None:
    """Replaces everything by what is in `archive`, or nothing. Raises Damaged, InUse."""
    with (
        closing(sqlite3.connect(archive)) as source,
        closing(sqlite3.connect(_live(), timeout=WAIT_SECONDS)) as live,
    ):
        # Whether pages and indexes are whole; constraints call functions that only Django brings.
        source.execute("PRAGMA ignore_check_constraints = ON")
        if source.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise Damaged(PART)
        try:
            source.backup(live)
        except sqlite3.OperationalError:
            raise InUse from None
