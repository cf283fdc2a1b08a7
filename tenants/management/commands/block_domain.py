from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.addresses import parse_domain
from tenants.flows.block import disable_accounts
from tenants.models import DomainRule
from tenants.services import decide_domain


class Command(ChangeCommand):
    help = (
        "Blocks a domain and its sub-domains: no new accounts. Accounts there still sign in, unless they "
        "are disabled."
    )
    decision = DomainRule.Decision.BLOCK

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("--reason", default="", help="Kept with the rule, for operators.")
        self.add_own_arguments(parser)

    def add_own_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--disable-accounts",
            action="store_true",
            help="Accounts there sign in no more; the last administrator of an organisation is left.",
        )
        parser.add_argument(
            "--personal",
            action="store_true",
            help="The same, and whoever signs up reads that it is a personal address: a mail provider's.",
        )

    def change(self, **options: Any) -> Row:
        rule = decide_domain(
            domain_name=parse_domain(options["domain"]),
            decision=DomainRule.Decision.PERSONAL if options.get("personal") else self.decision,
            reason=options["reason"],
            acting_user=None,
        )
        answer = {"domain": rule.domain, "decision": rule.decision, "reason": rule.reason}
        if not options.get("disable_accounts"):
            return answer
        shut = disable_accounts(domain_name=rule.domain, acting_user=None)
        return answer | {"disabled": shut.disabled, "left": shut.left}
