from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from subscriptions.commands import changed_row
from subscriptions.flows.policy import set_assignment
from subscriptions.models import Subscription
from subscriptions.selectors import get_plan
from tenants.group_selectors import get_group
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = "Says how units of a paid plan find their users: to whoever signs in, to members of groups, or by hand."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("--plan", required=True, metavar="SKU")
        parser.add_argument("--policy", required=True, choices=Subscription.Assignment.values)
        parser.add_argument(
            "--group", action="append", default=[], metavar="NAME", help="Can be repeated."
        )

    def change(self, **options: Any) -> Row:
        domain = options["domain"]
        subscription = set_assignment(
            tenant=get_tenant(domain),
            plan=get_plan(options["plan"]),
            assignment=Subscription.Assignment(options["policy"]),
            groups=[get_group(name, typed_domain=domain) for name in options["group"]],
            acting_user=None,
        )
        return changed_row(subscription)
