from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import ListCommand, Row
from subscriptions.selectors import waits_of
from tenants.selectors import get_tenant


class Command(ListCommand):
    help = "Lists who waits for a unit of a paid plan, the next in line first."
    nothing = "Nobody waits for a unit."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")

    def rows(self, **options: Any) -> list[Row]:
        return [
            {"plan": row.subscription.plan_id, "email": row.user.email, "since": row.since}
            for row in waits_of(get_tenant(options["domain"]))
        ]
