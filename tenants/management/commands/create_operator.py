from __future__ import annotations

from secrets import token_urlsafe
from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants import addresses
from tenants.representations import user_row
from tenants.services import create_operator

PASSWORD_OCTETS = 18  # 24 characters


class Command(ChangeCommand):
    help = (
        "Makes an account that runs the installation, and prints its password, this once. Whoever "
        "gets it has to choose another one when they sign in."
    )
    secrets = ("password",)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")

    def change(self, **options: Any) -> Row:
        password = token_urlsafe(PASSWORD_OCTETS)
        operator = create_operator(
            address=addresses.parse(options["email"]), password=password, acting_user=None
        )
        return user_row(operator) | {"password": None if options["dry_run"] else password}
