from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from audit.commands import READ_AT_ONCE, ListCommand, Row
from tenants.group_selectors import direct_members_of, get_group, members_of
from tenants.representations import user_row


class Command(ListCommand):
    help = "Lists the accounts in a group, also those that are in it through groups in it."
    nothing = "Nobody is in this group."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("group", help="Its name, or one of its addresses.")
        parser.add_argument("--direct", action="store_true", help="Without groups in it.")

    def rows(self, **options: Any) -> Iterator[Row]:
        group = get_group(options["group"], typed_domain=options["domain"])
        users = direct_members_of(group) if options["direct"] else members_of(group)
        return map(user_row, users.prefetch_related("addresses").iterator(READ_AT_ONCE))
