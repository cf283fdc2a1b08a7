from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from audit.commands import ChangeCommand, Row
from subscriptions.representations import subscription_row
from subscriptions.selectors import get_plan
from subscriptions.services import cancel_subscription
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = "Ends a tenant's subscription to a plan at once. Accounts and the free plan stay."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("--plan", required=True, metavar="SKU")

    def change(self, **options: Any) -> Row:
        subscription = cancel_subscription(
            tenant=get_tenant(options["domain"]),
            plan=get_plan(options["plan"]),
            acting_user=None,
        )
        used = subscription.assigned_licences.count()
        return subscription_row(subscription, used=used, now=timezone.now())
