from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.flows import groups
from tenants.group_selectors import get_group
from tenants.representations import group_row


class Command(ChangeCommand):
    help = "Deletes a group. The accounts in it stay; its addresses are free."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("group", help="Its name, or one of its addresses.")

    def change(self, **options: Any) -> Row:
        group = get_group(options["group"], typed_domain=options["domain"])
        answer = group_row(group)
        groups.delete(group=group, acting_user=None)
        return answer
