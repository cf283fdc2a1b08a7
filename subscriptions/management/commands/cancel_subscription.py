from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from subscriptions.commands import changed_row
from subscriptions.flows.cancel import cancel_subscription
from subscriptions.flows.preview import preview
from subscriptions.models import Plan, Subscription
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
        plan = _plan(tenant, options["plan"])

        def cancel(*, at_end: bool) -> Subscription:
            return cancel_subscription(tenant=tenant, plan=plan, at_end=at_end, acting_user=None)

        # What is lost is the same, at once or later.
        effect = preview(tenant, lambda: cancel(at_end=False))
        return changed_row(cancel(at_end=options["at_end"])) | effect_row(effect)


def _plan(tenant: Tenant, sku: str | None) -> Plan:
    return get_plan(sku) if sku else only_paid_plan(tenant)
