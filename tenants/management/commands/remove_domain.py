from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.addresses import parse_domain
from tenants.flows.domains import remove
from tenants.representations import tenant_row
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = "Removes a domain in which no address lies from its tenant, which keeps another one."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")

    def change(self, **options: Any) -> Row:
        tenant = get_tenant(options["domain"])
        remove(domain_name=parse_domain(options["domain"]), tenant=tenant, acting_user=None)
        return tenant_row(tenant)
