from __future__ import annotations

import uuid
from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from feed.flows.endpoints import delete
from feed.selectors import get_webhook


class Command(ChangeCommand):
    help = "Deletes a webhook. What waits for it is not sent any more."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", type=uuid.UUID)

    def change(self, **options: Any) -> Row:
        endpoint = get_webhook(options["id"])
        answer = {"id": endpoint.id, "url": endpoint.url, "deleted": True}
        delete(endpoint=endpoint, acting_user=None)
        return answer
