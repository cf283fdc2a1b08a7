"""Management commands: the flags they share, how they answer people and programs, how they refuse.

Every command takes `--json`. A command that changes something takes `--dry-run`, which does all of the work
and then rolls the transaction back: nothing stays and no mail goes out.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction

from audit.exceptions import Refusal

Row = dict[str, Any]


class PortalCommand(BaseCommand):
    """A refusal is one sentence on standard error and exit status 1."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Answer in JSON.")

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            return super().execute(*args, **options)
        except Refusal as refusal:
            self.stderr.write(str(refusal))
            sys.exit(1)

    def print_json(self, answer: object) -> None:
        self.stdout.write(json.dumps(answer, indent=2, cls=DjangoJSONEncoder))


class ListCommand(PortalCommand):
    """Answers with rows: a table for people, an array in JSON."""

    nothing = "Nothing to list."

    def rows(self, **options: Any) -> Sequence[Row]:
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        rows = self.rows(**options)
        if options["json"]:
            self.print_json(rows)
        elif rows:
            self.stdout.write(table(rows))
        else:
            self.stdout.write(self.nothing)


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


class ChangeCommand(ShowCommand):
    """Changes something in one transaction and answers with what it became."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Show what would become of it and change nothing.",
        )

    def change(self, **options: Any) -> Row:
        raise NotImplementedError

    def answer(self, **options: Any) -> Row:
        with transaction.atomic():
            answer = self.change(**options)
            if options["dry_run"]:
                transaction.set_rollback(True)
        return {"dry_run": True} | answer if options["dry_run"] else answer


def table(rows: Sequence[Row]) -> str:
    """Columns as wide as their widest value, headed by their names."""
    names = list(rows[0])
    cells = [names, *([shown(row[name]) for name in names] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(names))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def lines(answer: Row) -> str:
    width = max(len(name) for name in answer)
    return "\n".join(f"{name.ljust(width)}  {shown(value)}" for name, value in answer.items())


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
