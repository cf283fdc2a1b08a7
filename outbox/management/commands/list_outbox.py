from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import ListCommand, Row
from outbox.models import OutboxMail

WAITING = (OutboxMail.State.QUEUED, OutboxMail.State.SENDING, OutboxMail.State.FAILED)


class Command(ListCommand):
    help = "Lists mail that waits or failed, or all mail in one state, the newest first."
    nothing = "No mail waits and none failed."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--state", choices=OutboxMail.State.values)

    def rows(self, **options: Any) -> list[Row]:
        states = (options["state"],) if options["state"] else WAITING
        return [
            {
                "id": mail.id,
                "kind": mail.kind,
                "to_address": mail.to_address,
                "state": mail.state,
                "attempts": mail.attempts,
                "created_at": mail.created_at,
                "next_attempt_at": mail.next_attempt_at,
                "last_error": mail.last_error,
            }
            for mail in OutboxMail.objects.filter(state__in=states)
        ]
