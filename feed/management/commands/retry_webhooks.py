from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from feed.flows.endpoints import retry
from feed.selectors import get_webhook, in_need


class Command(ChangeCommand):
    help = (
        "Resumes the named webhooks, and sends them what waits or failed, at once; without an id, "
        "all that are paused or failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", nargs="*", type=uuid.UUID)

    def change(self, **options: Any) -> Row:
        endpoints = list(map(get_webhook, options["id"])) if options["id"] else list(in_need())
        queued = [retry(endpoint=endpoint, acting_user=None) for endpoint in endpoints]
        return {"webhooks": len(queued), "queued": sum(queued)}
