from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from subscriptions.commands import changed_row
from subscriptions.flows.cancel import cancel_subscription
from subscriptions.flows.preview import compared
from subscriptions.models import Plan
from subscriptions.representations import effect_row
from subscriptions.selectors import get_plan, only_paid_plan
from tenants.models import Tenant
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = "Ends a tenant's subscription to a plan, at once or at its end. Accounts and the free plan stay."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("--plan", metavar="SKU", help="Without: the one paid plan there is.")
        parser.add_argument(
            "--at-end", action="store_true", help="At the end of what was bought, without grace."
        )

    def change(self, **options: Any) -> Row:
        tenant = get_tenant(options["domain"])
        subscription, effect = compared(
            tenant,
            lambda: cancel_subscription(
                tenant=tenant,
                plan=_plan(tenant, options["plan"]),
                at_end=options["at_end"],
                acting_user=None,
            ),
        )
        return changed_row(subscription) | effect_row(effect)


def _plan(tenant: Tenant, sku: str | None) -> Plan:
    return get_plan(sku) if sku else only_paid_plan(tenant)
