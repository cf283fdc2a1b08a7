from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.flows.roles import make_administrator
from tenants.representations import user_row
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = "Makes a member an administrator of their organisation, which somebody has to administer already. They are told by mail."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")

    def change(self, **options: Any) -> Row:
        make_administrator(user=get_user(options["email"]), acting_user=None)
        return user_row(get_user(options["email"]))
