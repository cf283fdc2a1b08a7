from __future__ import annotations

import csv
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandParser

from audit.changing import SteppedCommand, digest_of
from audit.commands import Row
from audit.exporting import without_formula
from signup.exceptions import FileUnreadable
from signup.flows.import_users import ImportedRow, Result, import_users
from tenants.models import Tenant
from tenants.selectors import get_tenant


class Command(SteppedCommand):
    help = (
        "Makes an account for each row of a CSV file and sends each a mail. A bad row stops no other; who has "
        "an account already is left as they are, so that it can be run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain", help="A domain of the organisation.")
        parser.add_argument("file", help="CSV in UTF-8 with a heading; - is standard input.")
        parser.add_argument("--results", help="A CSV file to write what became of each row to.")

    def asked(self, **options: Any) -> Row:
        return {**super().asked(**options), "file": digest_of(options["file"])}

    def steps(self, keep: Callable[[], None], **options: Any) -> Row:
        """Each row commits by itself."""
        tenant = get_tenant(options["domain"])
        with _reading(options["file"]) as lines, _results(options["results"]) as results:
            rows = import_users(
                tenant=tenant, lines=lines, acting_user=None, dry_run=options["dry_run"]
            )
            answer = _count(tenant, _each(rows, keep), results)
        if not options["json"]:
            answer["rows_refused"] = [
                " ".join(map(str, row.values())) for row in answer["rows_refused"]
            ]
        return {"dry_run": True} | answer if options["dry_run"] else answer


def _each(rows: Iterator[ImportedRow], keep: Callable[[], None]) -> Iterator[ImportedRow]:
    for row in rows:
        keep()
        yield row


def _count(tenant: Tenant, rows: Iterator[ImportedRow], results: Any) -> Row:
    counted: Counter[Result] = Counter()
    refused = []
    for row in rows:
        counted[row.result] += 1
        if results:
            cells = (str(row.line), row.email, row.result.value, row.reason)
            results.writerow([without_formula(cell) for cell in cells])
        if row.result is Result.REFUSED:
            refused.append({"line": row.line, "email": row.email, "reason": row.reason})
    numbers = {result.value: counted[result] for result in Result}
    return {"tenant_id": tenant.id, **numbers, "rows_refused": refused}


@contextmanager
def _reading(name: str) -> Iterator[TextIO]:
    if name == "-":
        yield sys.stdin
        return
    try:
        with Path(name).open(encoding="utf-8", newline="") as file:
            yield file
    except OSError as error:
        raise FileUnreadable(name) from error


@contextmanager
def _results(name: str | None) -> Iterator[Any]:
    if name is None:
        yield None
        return
    try:
        with Path(name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("line", "email", "result", "reason"))
            yield writer
    except OSError as error:
        raise FileUnreadable(name) from error
