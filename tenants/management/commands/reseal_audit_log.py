from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from audit.flows.reseal import reseal
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = (
        "After a key was lost: seals the newest hash of each audit log whose seal is not of a key of now. "
        "Verify with the exported heads first: what is sealed counts as genuine from then on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain", nargs="?")

    def change(self, **options: Any) -> Row:
        chain = get_tenant(options["domain"]).id if options["domain"] else None
        return {"resealed": reseal(chain=chain, acting_user=None)}
