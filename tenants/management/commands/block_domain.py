from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import ChangeCommand, Row
from tenants.addresses import parse_domain
from tenants.models import DomainRule
from tenants.services import decide_domain


class Command(ChangeCommand):
    help = "Blocks a domain and its sub-domains: no new accounts. Accounts there still sign in."
    decision = DomainRule.Decision.BLOCK

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("--reason", default="", help="Kept with the rule, for operators.")

    def change(self, **options: Any) -> Row:
        rule = decide_domain(
            domain_name=parse_domain(options["domain"]),
            decision=self.decision,
            reason=options["reason"],
            acting_user=None,
        )
        return {"domain": rule.domain, "decision": rule.decision, "reason": rule.reason}
