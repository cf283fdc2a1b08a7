from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from audit.commands import ListCommand, Row
from subscriptions.representations import subscription_row
from subscriptions.selectors import subscriptions_with_use
from tenants.selectors import get_tenant


class Command(ListCommand):
    help = "Lists subscriptions with their plan, units, use and state; of one tenant or of all."
    nothing = "There is no subscription yet."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain", nargs="?")

    def rows(self, **options: Any) -> Iterator[Row]:
        tenant = get_tenant(options["domain"]) if options["domain"] else None
        now = timezone.now()
        for row, used, waiting in subscriptions_with_use(tenant):
            yield subscription_row(row, used=used, waiting=waiting, now=now)
