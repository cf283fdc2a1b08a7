from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from audit.commands import READ_AT_ONCE, ListCommand, Row
from tenants.group_selectors import groups_in
from tenants.representations import group_row
from tenants.selectors import get_tenant


class Command(ListCommand):
    help = "Lists the groups of the tenant that has a domain, by name."
    nothing = "The tenant has no groups."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")

    def rows(self, **options: Any) -> Iterator[Row]:
        groups = groups_in(get_tenant(options["domain"]))
        return map(group_row, groups.iterator(READ_AT_ONCE))
