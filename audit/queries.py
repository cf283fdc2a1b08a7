from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
Value = str | uuid.UUID
# For each place the number of the value that stands there, or None and something fixed.
Places = list[tuple[int | None, Any]]
Shape = tuple[str, tuple[type[Value], ...]]


def one_or_none(rows: QuerySet[Row]) -> Row | None:
    """The one row there is, or None. Unlike `first`, it asks for no order, which one row does not need."""
    try:
        return rows.get()
    except ObjectDoesNotExist:
        return None


class Prepared(Generic[Row]):
    """A question that every request asks: Django makes its SQL once, which takes longer than asking it.

    `ask` makes a queryset from texts and ids that it compares with columns as they are, the same one whatever
    they hold, and without `select_related`.
    """

    def __init__(self, ask: Callable[..., QuerySet[Row, Any]]) -> None:
        self._ask = ask
        self._made: dict[Shape, tuple[type[Row], str, Places]] = {}

    def values(self, *given: Value) -> list[tuple[Any, ...]]:
        """What a question with `values_list` finds, as the database gives it."""
        _, sql, places = self.prepared(*map(type, given))
        with connection.cursor() as cursor:
            cursor.execute(sql, _in_places(places, given))
            return list(cursor.fetchall())

    def rows(self, *given: Value) -> list[Row]:
        """What a question without `values_list` finds."""
        model, sql, places = self.prepared(*map(type, given))
        return list(model._default_manager.raw(sql, _in_places(places, given)))

    def prepared(self, *kinds: type[Value]) -> tuple[type[Row], str, Places]:
        """The model, the SQL for values of these kinds, and what stands at each of its places."""
        shape = (connection.vendor, kinds)
        if shape not in self._made:
            self._made[shape] = self._make(kinds)
        return self._made[shape]

    def _make(self, kinds: Sequence[type[Value]]) -> tuple[type[Row], str, Places]:
        stand_ins = [
            uuid.UUID(int=at) if issubclass(kind, uuid.UUID) else f"\ue000{at}"
            for at, kind in enumerate(kinds)
        ]
        rows = self._ask(*stand_ins)
        sql, found = rows.query.sql_with_params()
        stored = [_stored(stand_in) for stand_in in stand_ins]
        places: Places = [
            (stored.index(value), None) if value in stored else (None, value) for value in found
        ]
        return rows.model, sql, places


def _in_places(places: Places, given: Sequence[Value]) -> list[Any]:
    return [fixed if at is None else _stored(given[at]) for at, fixed in places]


def _stored(value: Value) -> Value:
    """SQLite has no type of its own for ids."""
    if isinstance(value, str) or connection.features.has_native_uuid_field:
        return value
    return value.hex
