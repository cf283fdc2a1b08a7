from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import Row, ShowCommand
from tenants.addresses import parse_domain
from tenants.representations import takeover_details
from tenants.selectors import get_takeover


class Command(ShowCommand):
    help = "Shows the newest takeover of a domain: its steps, limits, and how it ended."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")

    def answer(self, **options: Any) -> Row:
        return takeover_details(get_takeover(parse_domain(options["domain"])))
