from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants import addresses
from tenants.flows.addresses import change_address
from tenants.representations import user_details
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = "Gives an account a new primary address, where its mail goes. Both addresses are told by mail."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email", help="An address that the account has.")
        parser.add_argument("new")
        parser.add_argument(
            "--drop-old",
            action="store_true",
            help="The old one goes, instead of becoming an alias.",
        )

    def change(self, **options: Any) -> Row:
        user = get_user(options["email"])
        user = change_address(
            user=user,
            address=addresses.parse(options["new"]),
            keep_old=not options["drop_old"],
            acting_user=None,
        )
        return user_details(get_user(str(user.email)))
