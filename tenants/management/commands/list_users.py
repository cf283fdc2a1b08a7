from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from audit.commands import READ_AT_ONCE, ListCommand, Row
from tenants.representations import user_row
from tenants.selectors import get_tenant, users_of


class Command(ListCommand):
    help = "Lists the users of the tenant that has a domain, the newest first."
    nothing = "The tenant has no users."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")

    def rows(self, **options: Any) -> Iterator[Row]:
        users = users_of(get_tenant(options["domain"]))
        return map(user_row, users.iterator(READ_AT_ONCE))
