from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.addresses import parse_domain
from tenants.flows import oversee
from tenants.representations import takeover_details


class Command(ChangeCommand):
    help = (
        "Ends the 72 hours in which those who took a domain over neither delete nor reset accounts that were there "
        "before."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument(
            "--reason",
            required=True,
            help="The organisation reads it in its log, for ever: name nobody.",
        )

    def change(self, **options: Any) -> Row:
        takeover = oversee.waive(
            domain_name=parse_domain(options["domain"]), reason=options["reason"], acting_user=None
        )
        return takeover_details(takeover)
