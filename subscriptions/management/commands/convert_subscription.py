from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from audit.commands import ChangeCommand, Row
from audit.exceptions import Refusal
from subscriptions.representations import subscription_row
from subscriptions.selectors import get_plan
from subscriptions.services import convert_subscription
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = (
        "Gives the tenant of a domain a plan, or changes the units or the trial of the one it has."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("--plan", required=True, metavar="SKU")
        parser.add_argument("--units", type=int)
        parser.add_argument("--trial", type=int, metavar="DAYS")

    def change(self, **options: Any) -> Row:
        for name in ("units", "trial"):
            if options[name] is not None and options[name] < 1:
                raise Refusal(f"--{name} must be 1 or more.")
        subscription = convert_subscription(
            tenant=get_tenant(options["domain"]),
            plan=get_plan(options["plan"]),
            units=options["units"],
            trial=dt.timedelta(days=options["trial"]) if options["trial"] else None,
            acting_user=None,
        )
        used = subscription.assigned_licences.count()
        return subscription_row(subscription, used=used, now=timezone.now())
