from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import ListCommand, Row
from tenants.addresses import parse_domain
from tenants.representations import proof_details
from tenants.selectors import proofs_of


class Command(ListCommand):
    help = (
        "Lists the proofs of domains, the newest first: who asked, what to publish, what DNS said."
    )
    nothing = "Nobody has asked to prove such a domain."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain", nargs="?")

    def rows(self, **options: Any) -> list[Row]:
        name = parse_domain(options["domain"]) if options["domain"] else None
        return [proof_details(proof) for proof in proofs_of(name)]
