from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.addresses import parse_domain
from tenants.models import DomainRule
from tenants.services import drop_domain_rule


class Command(ChangeCommand):
    help = "Takes the block of a domain back, so that the lists decide about it again."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")

    def change(self, **options: Any) -> Row:
        name = parse_domain(options["domain"])
        drop_domain_rule(domain_name=name, decisions=DomainRule.REFUSING, acting_user=None)
        return {"domain": name, "decision": "none"}
