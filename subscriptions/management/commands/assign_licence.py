from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from subscriptions.flows.units import assign
from subscriptions.representations import unit_row
from subscriptions.selectors import get_plan
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = "Gives an account a unit of a plan of its organisation."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("--plan", required=True, metavar="SKU")
        parser.add_argument(
            "--wait",
            action="store_true",
            help="Where all units are assigned, the account gets the next that is free.",
        )

    def change(self, **options: Any) -> Row:
        user, plan = get_user(options["email"]), get_plan(options["plan"])
        given = assign(user=user, plan=plan, may_wait=options["wait"], acting_user=None)
        return unit_row(user, plan, given)
