from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.flows.states import delete
from tenants.representations import user_row
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = "Deletes an account. For 30 days it can be restored, then what is personal about it is erased. Its address stays reserved."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")

    def change(self, **options: Any) -> Row:
        delete(user=get_user(options["email"]), acting_user=None)
        return user_row(get_user(options["email"]))
