from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from feed.flows.endpoints import create
from feed.models import Kind
from tenants.selectors import get_tenant


class Command(ChangeCommand):
    help = "Has a program told what happens to subscriptions, by signed webhooks; prints the secret, this once."
    secrets = ("secret",)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("url")
        parser.add_argument(
            "--tenant", metavar="DOMAIN", help="Only of the organisation that has this domain."
        )
        parser.add_argument(
            "--event",
            action="append",
            default=[],
            choices=Kind.values,
            metavar="EVENT",
            help=f"Only these; can be repeated. One of {', '.join(Kind.values)}.",
        )

    def change(self, **options: Any) -> Row:
        endpoint, secret = create(
            url=options["url"],
            tenant=get_tenant(options["tenant"]) if options["tenant"] else None,
            kinds=options["event"],
            acting_user=None,
        )
        shown = {} if options["dry_run"] else {"secret": secret}
        return {"id": endpoint.id, "url": endpoint.url, "events": endpoint.kinds, **shown}
