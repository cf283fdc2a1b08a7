from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.flows.admit import admit, take_back
from tenants.representations import user_row
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = (
        "Admits an account whose mailbox several people may read (support@, noreply@) to what is "
        "shared with the whole organisation, or takes that back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument(
            "--take-back",
            action="store_true",
            help="In no organisation-wide grant any more; for any account.",
        )

    def change(self, **options: Any) -> Row:
        decide = take_back if options["take_back"] else admit
        decide(user=get_user(options["email"]), acting_user=None)
        return user_row(get_user(options["email"]))
