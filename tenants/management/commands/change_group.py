from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants import addresses
from tenants.flows import groups
from tenants.flows.group_addresses import set_addresses
from tenants.group_selectors import get_group
from tenants.representations import group_details


class Command(ChangeCommand):
    help = "Gives a group another name, description or other addresses. What is not named stays."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("group", help="Its name, or one of its addresses.")
        parser.add_argument("--name")
        parser.add_argument("--description")
        parser.add_argument(
            "--addresses", nargs="*", help="All that it has from now on, the primary one first."
        )

    def change(self, **options: Any) -> Row:
        group = get_group(options["group"], typed_domain=options["domain"])
        group = groups.change(
            group=group,
            name=group.name if options["name"] is None else options["name"],
            description=(
                group.description if options["description"] is None else options["description"]
            ),
            acting_user=None,
        )
        if options["addresses"] is not None:
            typed = [addresses.parse(address) for address in options["addresses"]]
            set_addresses(group=group, addresses=typed, acting_user=None)
        return group_details(get_group(group.name, typed_domain=options["domain"]))
