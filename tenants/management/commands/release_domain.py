from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.addresses import parse_domain
from tenants.flows import release
from tenants.representations import takeover_details


class Command(ChangeCommand):
    help = (
        "Gives a domain whose organisation lost the proof of it 30 days ago or longer to the organisation that has "
        "proven it since. The accounts stay where they are, without their addresses in the domain."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument(
            "--reason",
            required=True,
            help="Both organisations read it in their logs, for ever: name nobody.",
        )

    def change(self, **options: Any) -> Row:
        takeover = release.release(
            domain_name=parse_domain(options["domain"]), reason=options["reason"], acting_user=None
        )
        return takeover_details(takeover)
