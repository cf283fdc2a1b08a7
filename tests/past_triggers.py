"""What somebody does who owns the database's tables: changes rows of the audit log with SQL of their own.

Tests that flush the database (`transaction=True`) need it as well, around the flush.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection

TABLES = ("audit_auditevent", "audit_chainlink")


@contextmanager
def past_the_triggers() -> Iterator[None]:
    if connection.vendor == "postgresql":
        for table in TABLES:
            execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield
        for table in TABLES:
            execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'")
        triggers = [(name, made_by) for name, made_by, table in cursor if table in TABLES]
    for name, _ in triggers:
        execute(f"DROP TRIGGER {name}")
    yield
    for _, statement in triggers:
        execute(statement)


def execute(statement: str, values: Sequence[Any] | None = None) -> int:
    """The number of rows that it hit."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
