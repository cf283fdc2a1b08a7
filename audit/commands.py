"""Management commands: the flags they share, how they answer people and programs, how they refuse.

Every command takes `--json`. Those that change something: `audit/changing.py`.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from textwrap import indent
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from audit.exceptions import Refusal

Row = dict[str, Any]
WIDTHS_FROM = 500
READ_AT_ONCE = 1000


class PortalCommand(BaseCommand):
    """A refusal is one sentence on standard error and exit status 1."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    @property
    def name(self) -> str:
        return type(self).__module__.rpartition(".")[2]

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            answer = super().execute(*args, **options)
            self.stdout.flush()
        except Refusal as refusal:
            self.note(refusal, **options)
            self.stderr.write(str(refusal))
            sys.exit(1)
        except BrokenPipeError:
            _stop_writing()
        return answer

    def note(self, refusal: Refusal, **options: Any) -> None:
        """What only reads leaves no trace."""

    def print_json(self, answer: object) -> None:
        self.stdout.write(json.dumps(answer, indent=2, cls=DjangoJSONEncoder))


def _stop_writing() -> NoReturn:
    """Whoever reads has enough, as `| head` has: ends as a program does that the signal ends, and as quietly."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(128 + signal.SIGPIPE)


class ListCommand(PortalCommand):
    """Answers with rows: a table for people, an array in JSON; row by row, however many there are."""

    nothing = "Nothing to list."

    def rows(self, **options: Any) -> Iterable[Row]:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        rows = iter(self.rows(**options))
        for line in json_lines(rows) if options["json"] else self.for_people(rows):
            self.stdout.write(line)

    def for_people(self, rows: Iterator[Row]) -> Iterator[str]:
        return table_lines(rows, nothing=self.nothing)


class ShowCommand(PortalCommand):
    """Answers with one thing: its lines for people, an object in JSON."""

    def answer(self, **options: Any) -> Row:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        answer = self.answer(**options)
        if options["json"]:
            self.print_json(answer)
        else:
            self.stdout.write(lines(answer))


def json_lines(rows: Iterator[Row]) -> Iterator[str]:
    """An array, a row at a time."""
    before = "["
    for row in rows:
        yield before
        text = indent(json.dumps(row, indent=2, cls=DjangoJSONEncoder), "  ")
        before = f"{text},"
    yield f"{before.removesuffix(',')}\n]" if before != "[" else "[]"


def table(rows: Iterable[Row]) -> str:
    return "\n".join(table_lines(iter(rows), nothing=""))


def table_lines(rows: Iterator[Row], *, nothing: str) -> Iterator[str]:
    """Columns headed by their names, as wide as the widest value of the first rows."""
    first = list(islice(rows, WIDTHS_FROM))
    if not first:
        yield nothing
        return
    names = list(first[0])
    cells = [names, *([shown(row[name]) for name in names] for row in first)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    more = ([shown(row[name]) for name in names] for row in rows)
    for row in chain(cells, more):
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def lines(answer: Row) -> str:
    width = max(len(name) for name in answer)
    return "\n".join(_line(name, value, width) for name, value in answer.items())


def _line(name: str, value: object, width: int) -> str:
    """Rows in an answer are a table beneath their name."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"{name}\n{indent(table(value), '  ')}"
    return f"{name.ljust(width)}  {shown(value)}"


def shown(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case dt.datetime():
            return value.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        case list() | tuple():
            return ", ".join(shown(part) for part in value) or "-"
        case _:
            return str(value)


def boolean(text: str) -> bool:
    """`true` or `false`, and what people write for them."""
    known = {"true": True, "yes": True, "on": True, "1": True}
    known |= {"false": False, "no": False, "off": False, "0": False}
    if text.lower() not in known:
        raise Refusal(f"{text!r} is neither true nor false.")
    return known[text.lower()]
