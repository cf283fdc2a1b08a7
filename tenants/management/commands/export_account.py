from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import PortalCommand
from tenants.flows.export import export
from tenants.selectors import get_user


class Command(PortalCommand):
    help = (
        "Writes everything that is kept about a person as JSON. Make sure that it is they who ask."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        self.print_json(export(user=get_user(options["email"]), acting_user=None))
