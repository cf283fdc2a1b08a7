from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import Row, ShowCommand
from tenants.addresses import parse_domain
from tenants.flows import prove
from tenants.representations import proof_details
from tenants.selectors import get_user


class Command(ShowCommand):
    help = "Asks DNS for the record of get_domain_verification, which proves the domain."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument(
            "--administrator", required=True, metavar="EMAIL", help="For whom the domain is proven."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Ask DNS, say what it said, and change nothing."
        )

    def answer(self, **options: Any) -> Row:
        proof = prove.get(
            domain_name=parse_domain(options["domain"]), actor=get_user(options["administrator"])
        )
        dry_run = options["dry_run"]
        details = proof_details(prove.confirm(proof=proof, acting_user=None, dry_run=dry_run))
        return {"dry_run": True} | details if dry_run else details
