from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import ListCommand, Row
from subscriptions.capabilities import ask_all
from subscriptions.representations import answer_row
from tenants.models import Tenant, User
from tenants.selectors import get_tenant, get_user


class Command(ListCommand):
    help = "Says what an account, or an organisation, may do now; if not, why, and what would allow it."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("who", metavar="EMAIL|DOMAIN")

    def rows(self, **options: Any) -> list[Row]:
        who: User | Tenant = (get_user if "@" in options["who"] else get_tenant)(options["who"])
        return [answer_row(answer) for answer in ask_all(who).values()]
