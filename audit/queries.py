"""Questions and inserts that sign-up makes all the time: Django makes their SQL once, not every time."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

from django.core.exceptions import ObjectDoesNotExist
from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators
from django.db.models.sql import InsertQuery
from django.db.models.sql.compiler import SQLCompiler

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


def insert(rows: Sequence[Model]) -> None:
    """Adds new rows of one model, whose ids are their own, as `bulk_create` does."""
    fields = rows[0]._meta.local_concrete_fields
    values = [
        field.get_db_prep_save(field.pre_save(row, add=True), connection)
        for row in rows
        for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(_insert_sql(rows), values)
    for row in rows:
        row._state.adding, row._state.db = False, connection.alias


_inserts: dict[tuple[str, type[Model]], tuple[str, str]] = {}


def _insert_sql(rows: Sequence[Model]) -> str:
    shape = (connection.vendor, type(rows[0]))
    if shape not in _inserts:
        _inserts[shape] = _make_insert(rows[0])
    begins, one_row = _inserts[shape]
    return begins + ", ".join([one_row] * len(rows))


def _make_insert(row: Model) -> tuple[str, str]:
    """`INSERT INTO … VALUES `, and the places of one row."""
    query = InsertQuery(type(row))
    query.insert_values(row._meta.local_concrete_fields, [row])
    ((sql, _),) = query.get_compiler(connection=connection).as_sql()
    begins, values, one_row = sql.partition(" VALUES ")
    return begins + values, one_row


@dataclass(frozen=True, slots=True)
class Question:
    sql: str
    places: Places
    names: list[str]
    converters: dict[int, tuple[list[Any], Any]]
    # Each gives a row what was asked for with it, by `select_related`.
    related: list[Any]


class Prepared(Generic[Row]):
    """A question that every request asks: Django makes its SQL once, which takes longer than asking it.

    `ask` makes a queryset from texts and ids that it compares with columns as they are, the same one whatever
    they hold.
    """

    def __init__(self, ask: Callable[..., QuerySet[Row, Any]]) -> None:
        self._ask = ask
        self._made: dict[Shape, tuple[type[Row], Question]] = {}

    def values(self, *given: Value) -> list[tuple[Any, ...]]:
        """What a question with `values_list` finds, as the database gives it."""
        _, question = self.prepared(*map(type, given))
        return _asked(question, given)

    def rows(self, *given: Value) -> list[Row]:
        """What a question without `values_list` finds."""
        model, question = self.prepared(*map(type, given))
        return [_row(model, question, values) for values in _asked(question, given)]

    def prepared(self, *kinds: type[Value]) -> tuple[type[Row], Question]:
        """The model, and the question for values of these kinds."""
        shape = (connection.vendor, kinds)
        if shape not in self._made:
            self._made[shape] = self._make(kinds)
        return self._made[shape]

    def _make(self, kinds: Sequence[type[Value]]) -> tuple[type[Row], Question]:
        stand_ins = [
            uuid.UUID(int=at) if issubclass(kind, uuid.UUID) else f"\ue000{at}"
            for at, kind in enumerate(kinds)
        ]
        rows = self._ask(*stand_ins)
        compiler = rows.query.get_compiler(connection=connection)
        sql, found = compiler.as_sql()
        stored = [_stored(stand_in) for stand_in in stand_ins]
        places: Places = [
            (stored.index(value), None) if value in stored else (None, value) for value in found
        ]
        converters = compiler.get_converters([column for column, *_ in compiler.select or ()])
        return rows.model, Question(sql, places, _names(compiler), converters, _related(compiler))


def _names(compiler: SQLCompiler) -> list[str]:
    """Those of the model's own columns, which come first; none of a question with `values_list`."""
    if compiler.klass_info is None:
        return []
    columns = [compiler.select[at][0] for at in compiler.klass_info["select_fields"]]
    return [column.target.attname for column in columns]


def _related(compiler: SQLCompiler) -> list[Any]:
    if compiler.klass_info is None:
        return []
    # What reads rows in Django does it so; the stubs speak of a later version.
    populators = cast("Callable[..., list[Any]]", get_related_populators)
    return populators(compiler.klass_info, compiler.select, connection.alias)


def _row(model: type[Row], question: Question, stored: Sequence[Any]) -> Row:
    values = _converted(question, stored)
    row = model.from_db(connection.alias, question.names, values[: len(question.names)])
    for related in question.related:
        related.populate(values, row)
    return row


def _asked(question: Question, given: Sequence[Value]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question.sql, _in_places(question.places, given))
        return list(cursor.fetchall())


def _converted(question: Question, row: Sequence[Any]) -> list[Any]:
    values = list(row)
    for at, (converters, column) in question.converters.items():
        for convert in converters:
            values[at] = convert(values[at], column, connection)
    return values


def _in_places(places: Places, given: Sequence[Value]) -> list[Any]:
    return [fixed if at is None else _stored(given[at]) for at, fixed in places]


def _stored(value: Value) -> Value:
    """SQLite has no type of its own for ids."""
    if isinstance(value, str) or connection.features.has_native_uuid_field:
        return value
    return value.hex
