from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.flows.states import disable
from tenants.representations import user_row
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = "Switches an account off: its owner is signed out at once, and signs in no more until it is restored."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")

    def change(self, **options: Any) -> Row:
        disable(user=get_user(options["email"]), acting_user=None)
        return user_row(get_user(options["email"]))
