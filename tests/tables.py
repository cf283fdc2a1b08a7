"""What a database holds, to see whether anything changed."""

from __future__ import annotations

from django.db import connection

Tables = dict[str, frozenset[str]]


def everything() -> Tables:
    """Every row of every table, none excepted."""
    with connection.cursor() as cursor:
        found = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found[table] = frozenset(map(repr, cursor.fetchall()))
    return found


def changed(before: Tables, after: Tables) -> set[str]:
    """The tables in which a row came, went or became another."""
    return {table for table, rows in after.items() if rows != before.get(table)}


def lost(before: Tables, after: Tables) -> set[str]:
    """The tables in which a row went or became another."""
    return {table for table, rows in before.items() if rows - after.get(table, frozenset())}
