from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from subscriptions.flows.units import remove
from subscriptions.representations import unit_row
from subscriptions.selectors import get_plan
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = (
        "Takes a unit of a plan away from an account, or its place in the line for one. It does not come back "
        "by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("--plan", required=True, metavar="SKU")

    def change(self, **options: Any) -> Row:
        user, plan = get_user(options["email"]), get_plan(options["plan"])
        remove(user=user, plan=plan, acting_user=None)
        return unit_row(user, plan, None)
