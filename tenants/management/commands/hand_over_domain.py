from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.addresses import parse_domain
from tenants.flows import hand_over
from tenants.models import DomainHandOver
from tenants.representations import offer_row, takeover_details
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = (
        "Offers a domain of an organisation to another one, which accepts within 7 days. --accept, --decline and "
        "--withdraw answer such an offer. Make sure that it is their administrators who ask."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--to", metavar="DOMAIN", help="A domain of the other organisation.")
        for answer in ("accept", "decline", "withdraw"):
            what.add_argument(f"--{answer}", action="store_true")

    def change(self, **options: Any) -> Row:
        name = parse_domain(options["domain"])
        if options["to"]:
            made = hand_over.offer(
                domain_name=name,
                tenant=get_tenant(name),
                to=get_tenant(options["to"]),
                acting_user=None,
            )
            return offer_row(made)
        waiting = hand_over.get_offer(name)
        if options["accept"]:
            return takeover_details(
                hand_over.accept(domain_name=name, tenant=waiting.target, acting_user=None)
            )
        if options["decline"]:
            hand_over.decline(domain_name=name, tenant=waiting.target, acting_user=None)
        else:
            hand_over.withdraw(domain_name=name, tenant=waiting.source, acting_user=None)
        return offer_row(DomainHandOver.objects.get(pk=waiting.pk))
