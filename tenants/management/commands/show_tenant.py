from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import Row, ShowCommand
from tenants.representations import tenant_details
from tenants.selectors import get_tenant


class Command(ShowCommand):
    help = "Shows the tenant of a domain: its state, domains and sign-up switches."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")

    def answer(self, **options: Any) -> Row:
        return tenant_details(get_tenant(options["domain"]))
