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
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = "Makes a group in the organisation that has a domain."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("name")
        parser.add_argument("--description", default="")
        parser.add_argument(
            "--address", action="append", default=[], help="Of the group. May be repeated."
        )

    def change(self, **options: Any) -> Row:
        tenant = get_tenant(options["domain"])
        group = groups.create(
            tenant=tenant,
            name=options["name"],
            description=options["description"],
            acting_user=None,
        )
        typed = [addresses.parse(address) for address in options["address"]]
        set_addresses(group=group, addresses=typed, acting_user=None)
        return group_details(get_group(group.name, typed_domain=options["domain"]))
