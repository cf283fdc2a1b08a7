from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.addresses import parse_domain
from tenants.flows import give_back
from tenants.representations import takeover_details


class Command(ChangeCommand):
    help = (
        "Undoes the takeover that brought a domain to where it is, within 30 days: everything that belongs to the "
        "domain goes back, as it is now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument(
            "--reason",
            default="",
            help="The organisation reads it in its log, for ever: name nobody.",
        )

    def change(self, **options: Any) -> Row:
        takeover = give_back.undo(
            domain_name=parse_domain(options["domain"]), reason=options["reason"], acting_user=None
        )
        return takeover_details(takeover)
