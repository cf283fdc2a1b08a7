from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import CommandParser

from audit.commands import READ_AT_ONCE, ListCommand, Row
from outbox.models import OutboxMail

State = OutboxMail.State
WAITING = (State.QUEUED, State.SENDING, State.FAILED, State.BOUNCED)


class Command(ListCommand):
    help = "Lists mail that waits or failed, or all mail in one state, the newest first."
    nothing = "No mail waits and none failed."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--state", choices=State.values)

    def rows(self, **options: Any) -> Iterator[Row]:
        states = (options["state"],) if options["state"] else WAITING
        mails = OutboxMail.objects.filter(state__in=states)
        return (
            {
                "id": mail.id,
                "kind": mail.kind,
                "to_address": mail.to_address,
                "state": mail.state,
                "attempts": mail.attempts,
                "created_at": mail.created_at,
                "next_attempt_at": mail.next_attempt_at,
                "handed_over_at": mail.handed_over_at,
                "failed_at": mail.failed_at,
                "last_error": mail.last_error,
            }
            for mail in mails.iterator(READ_AT_ONCE)
        )
