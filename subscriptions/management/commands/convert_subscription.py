from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from subscriptions.bounds import MOST_DAYS, MOST_UNITS
from subscriptions.commands import changed_row, end, number
from subscriptions.flows.convert import convert_subscription
from subscriptions.flows.preview import compared
from subscriptions.representations import effect_row
from subscriptions.selectors import get_plan
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = (
        "Gives the tenant of a domain a plan, or changes the units, trial or end of the one it has. "
        "Says how many people gain or lose what; with --dry-run only that."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("--plan", required=True, metavar="SKU")
        parser.add_argument("--units", type=int)
        parser.add_argument("--trial", type=int, metavar="DAYS")
        end_of_it = parser.add_mutually_exclusive_group()
        end_of_it.add_argument(
            "--until",
            metavar="DAY",
            help="The last day. Without, what was bought keeps an end that is still to come, and all else has none.",
        )
        end_of_it.add_argument("--no-end", action="store_true", help="Takes the end away.")
        parser.add_argument(
            "--instead-of",
            metavar="SKU",
            help="The subscription to that plan becomes one to --plan, with its units and dates.",
        )

    def change(self, **options: Any) -> Row:
        tenant = get_tenant(options["domain"])
        trial = number("trial", options["trial"], most=MOST_DAYS)
        subscription, effect = compared(
            tenant,
            lambda: convert_subscription(
                tenant=tenant,
                plan=get_plan(options["plan"]),
                units=number("units", options["units"], most=MOST_UNITS),
                trial=dt.timedelta(days=trial) if trial else None,
                until=end(options["until"]),
                is_endless=options["no_end"],
                instead_of=get_plan(options["instead_of"]) if options["instead_of"] else None,
                acting_user=None,
            ),
        )
        return changed_row(subscription) | effect_row(effect)
