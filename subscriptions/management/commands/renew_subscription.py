from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from subscriptions.bounds import MOST_MONTHS
from subscriptions.commands import changed_row, number
from subscriptions.flows.convert import renew_subscription
from subscriptions.flows.preview import compared
from subscriptions.representations import effect_row
from subscriptions.selectors import get_plan
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = "Extends a tenant's subscription to a plan by months, from its end or, once fallen back, from now."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("--plan", required=True, metavar="SKU")
        parser.add_argument("--months", required=True, type=int)

    def change(self, **options: Any) -> Row:
        months = number("months", options["months"], most=MOST_MONTHS)
        assert months is not None
        tenant, plan = get_tenant(options["domain"]), get_plan(options["plan"])
        subscription, effect = compared(
            tenant,
            lambda: renew_subscription(tenant=tenant, plan=plan, months=months, acting_user=None),
        )
        return changed_row(subscription) | effect_row(effect)
