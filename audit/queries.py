from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
# For each place the number of the text that stands there, or None and something fixed.
Places = list[tuple[int | None, Any]]


def one_or_none(rows: QuerySet[Row]) -> Row | None:
    """The one row there is, or None. Unlike `first`, it asks for no order, which one row does not need."""
    try:
        return rows.get()
    except ObjectDoesNotExist:
        return None


class Prepared:
    """A question that every request asks: Django makes its SQL once, which takes longer than asking it.

    `ask` makes a queryset of `values_list` from texts, which it compares with columns as they are. Its rows come
    as the database gives them.
    """

    def __init__(self, ask: Callable[..., QuerySet[Any, Any]]) -> None:
        self._ask = ask
        self._made: dict[Hashable, tuple[str, Places]] = {}

    def __call__(self, *texts: str) -> list[tuple[Any, ...]]:
        sql, places = self.prepared(len(texts))
        with connection.cursor() as cursor:
            cursor.execute(sql, [fixed if at is None else texts[at] for at, fixed in places])
            return list(cursor.fetchall())

    def prepared(self, number: int) -> tuple[str, Places]:
        """The SQL for so many texts, and what stands at each of its places."""
        key = (connection.vendor, number)
        if key not in self._made:
            self._made[key] = self._make(number)
        return self._made[key]

    def _make(self, number: int) -> tuple[str, Places]:
        stand_ins = [f"\ue000{at}" for at in range(number)]
        sql, values = self._ask(*stand_ins).query.sql_with_params()
        places: Places = [
            (stand_ins.index(value), None) if value in stand_ins else (None, value)
            for value in values
        ]
        return sql, places
