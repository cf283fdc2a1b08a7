from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.addresses import parse_domain
from tenants.flows import prove
from tenants.representations import proof_row
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = "The TXT record to publish in DNS, so that somebody's organisation proves a domain."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument(
            "--administrator", required=True, metavar="EMAIL", help="For whom the domain is proven."
        )

    def change(self, **options: Any) -> Row:
        proof = prove.request(
            domain_name=parse_domain(options["domain"]),
            actor=get_user(options["administrator"]),
            acting_user=None,
        )
        return proof_row(proof)
