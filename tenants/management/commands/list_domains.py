from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from audit.commands import ListCommand, Row
from tenants.models import Domain
from tenants.representations import domain_row
from tenants.selectors import get_tenant


class Command(ListCommand):
    help = "Lists the domains of the tenant that has a domain, with how many addresses lie in each."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")

    def rows(self, **options: Any) -> Iterator[Row]:
        return map(domain_row, Domain.objects.filter(tenant=get_tenant(options["domain"])))
