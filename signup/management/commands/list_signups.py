from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from audit.commands import READ_AT_ONCE, ListCommand, Row
from signup.models import SignUp
from signup.selectors import sign_ups
from tenants.addresses import parse_domain


class Command(ListCommand):
    help = "Lists pending and finished sign-ups, the newest first."
    nothing = "There is no such sign-up."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--domain", help="Only those with an address in this domain.")
        parser.add_argument("--state", choices=SignUp.State.values)

    def rows(self, **options: Any) -> Iterator[Row]:
        domain = parse_domain(options["domain"]) if options["domain"] else ""
        rows = sign_ups(domain=domain, state=options["state"] or "")
        return (
            {
                "id": row.id,
                "address": row.address,
                "state": row.state,
                "outcome": row.outcome,
                "created_at": row.created_at,
                "ended_at": row.ended_at,
                "user_id": row.user_id,
            }
            for row in rows.iterator(READ_AT_ONCE)
        )
