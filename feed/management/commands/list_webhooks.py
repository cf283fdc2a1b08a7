from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap
from typing import Any

from audit.commands import ListCommand, Row
from feed.representations import webhook_row
from feed.selectors import webhooks_with_work


class Command(ListCommand):
    help = "Lists webhooks: who is told of what, what waits, what failed, who is paused and why."
    nothing = "There is no webhook."

    def rows(self, **options: Any) -> Iterator[Row]:
        return starmap(webhook_row, webhooks_with_work())
