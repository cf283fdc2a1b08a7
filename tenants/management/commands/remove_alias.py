from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants import addresses
from tenants.flows.addresses import remove_alias
from tenants.representations import user_details
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = "Takes an address away from an account; it is free for others from then on."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email", help="An address that the account has.")
        parser.add_argument("alias")

    def change(self, **options: Any) -> Row:
        user = get_user(options["email"])
        address = addresses.parse(options["alias"])
        remove_alias(user=user, address=address, acting_user=None)
        return user_details(get_user(str(user.email)))
