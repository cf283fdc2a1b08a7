from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.models import MailboxRule
from tenants.role_mailboxes import name_of
from tenants.services import decide_mailbox, drop_mailbox_rule

SHIPPED = "shipped"


class Command(ChangeCommand):
    help = "Decides whether mailboxes of a name are for a task (as support@), for accounts made from now on."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "name", help="The part before the @; with = in front it holds alone only."
        )
        parser.add_argument(
            "decision",
            choices=[*MailboxRule.Decision.values, SHIPPED],
            help="shipped: as the list that comes with the product says.",
        )
        parser.add_argument("--reason", default="", help="Kept with the rule, for operators.")

    def change(self, **options: Any) -> Row:
        name = name_of(options["name"])
        if options["decision"] == SHIPPED:
            drop_mailbox_rule(name=name, acting_user=None)
            return {"name": name, "decision": SHIPPED, "reason": ""}
        rule = decide_mailbox(
            name=name,
            decision=MailboxRule.Decision(options["decision"]),
            reason=options["reason"],
            acting_user=None,
        )
        return {"name": rule.name, "decision": rule.decision, "reason": rule.reason}
