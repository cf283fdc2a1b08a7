from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import Row, ShowCommand
from tenants.group_selectors import get_group
from tenants.representations import group_details


class Command(ShowCommand):
    help = "Shows a group: its addresses, the groups in it, and how many are in it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("group", help="Its name, or one of its addresses.")

    def answer(self, **options: Any) -> Row:
        return group_details(get_group(options["group"], typed_domain=options["domain"]))
