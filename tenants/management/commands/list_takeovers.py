from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from audit.commands import READ_AT_ONCE, ListCommand, Row
from tenants.addresses import parse_domain
from tenants.representations import takeover_row
from tenants.selectors import takeovers_of


class Command(ListCommand):
    help = "Lists takeovers of a domain, or all: who governs a domain since when, and until when it can be undone."
    nothing = "No domain was taken over."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain", nargs="?")

    def rows(self, **options: Any) -> Iterator[Row]:
        name = parse_domain(options["domain"]) if options["domain"] else None
        return map(takeover_row, takeovers_of(name).iterator(READ_AT_ONCE))
