"""A list as a CSV file (RFC 4180): the rows that it shows, all of them, however many."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Field
from django.http import StreamingHttpResponse
from django.utils.text import capfirst

READ_AT_ONCE = 1000
# How a spreadsheet tells a formula, also in letters of double width: such a cell begins with an apostrophe.
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


class _Line:
    """What csv writes to, one line at a time."""

    def write(self, line: str) -> str:
        return line


def without_formula(cell: str) -> str:
    """`cell` for a spreadsheet, which would run what begins like a formula."""
    return f"'{cell}" if cell.lstrip(" ").startswith(BEGINS_A_FORMULA) else cell


def csv_answer(rows: Iterable[Iterable[str]], *, name: str) -> StreamingHttpResponse:
    writer = csv.writer(_Line())
    lines = (writer.writerow([without_formula(cell) for cell in row]) for row in rows)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def rows_of(
    page: Any, changes: ChangeList, *, prepare: Callable[[list[Any]], None]
) -> Iterator[list[str]]:
    """The list's columns: first their names, then each row in the list's order; `prepare` sees rows before."""
    # Programs read files: addresses and domains in them are as they are stored.
    shown = (name for name in changes.list_display if name != "action_checkbox")
    columns = [str(getattr(name, "stored_as", name)) for name in shown]
    yield [capfirst(str(label_for_field(name, page.model, page))) for name in columns]
    rows = changes.queryset.iterator(chunk_size=READ_AT_ONCE)
    while part := list(islice(rows, READ_AT_ONCE)):
        prepare(part)
        for row in part:
            yield [_cell(page, row, name) for name in columns]


def _cell(page: Any, row: Any, name: str) -> str:
    try:
        field, _, value = lookup_field(name, row, page)
    except ObjectDoesNotExist:
        return ""
    if value is None:
        return ""
    if isinstance(field, Field) and field.choices:
        return str(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
