from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandParser

from audit import periods
from audit.commands import READ_AT_ONCE, ListCommand, Row
from tenants.admin_log import COLUMNS, entries, events_of, tab_separated
from tenants.selectors import get_tenant


class Command(ListCommand):
    help = "Prints the administration log of a tenant, the oldest first, separated by tabs."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        for name, what in (("--from", "The first"), ("--to", "The last")):
            parser.add_argument(name, help=f"{what} day, or a time like 2026-11-24T08:30, of UTC.")

    def rows(self, **options: Any) -> Iterator[Row]:
        since, until = periods.beginning(options["from"]), periods.end(options["to"])
        events = events_of(get_tenant(options["domain"]), since=since, until=until)
        return entries(events.iterator(chunk_size=READ_AT_ONCE))

    def for_people(self, rows: Iterable[Row]) -> Iterator[str]:
        yield "\t".join(COLUMNS)
        yield from map(tab_separated, rows)
