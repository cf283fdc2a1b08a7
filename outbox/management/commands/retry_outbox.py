from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from audit.exceptions import Refusal
from outbox.services import retry, retry_failed


class Command(ChangeCommand):
    help = "Sends the named mails again at once; without an id, all that failed."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", nargs="*", type=uuid.UUID)

    def change(self, **options: Any) -> Row:
        if not options["id"]:
            return {"queued": retry_failed(acting_user=None)}
        for mail_id in options["id"]:
            if not retry(mail_id, acting_user=None):
                raise Refusal(
                    f"No mail {mail_id} waits or failed. `list_outbox` shows those that do."
                )
        return {"queued": len(options["id"])}
