from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from audit.exceptions import Refusal
from feed.flows.endpoints import OVERLAP, rotate_secret
from feed.selectors import get_webhook

LONGEST_HOURS = 24 * 30


class Command(ChangeCommand):
    help = "Gives a webhook a new secret and prints it, this once. The one of before signs beside it for a while."
    secrets = ("secret",)

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("id", type=uuid.UUID)
        parser.add_argument(
            "--overlap",
            type=int,
            default=OVERLAP // dt.timedelta(hours=1),
            metavar="HOURS",
            help="For how long the older secret signs too; 0: no longer. Default: %(default)s.",
        )

    def change(self, **options: Any) -> Row:
        if not 0 <= options["overlap"] <= LONGEST_HOURS:
            raise Refusal(f"--overlap must be between 0 and {LONGEST_HOURS} hours.")
        endpoint = get_webhook(options["id"])
        secret = rotate_secret(
            endpoint=endpoint, overlap=dt.timedelta(hours=options["overlap"]), acting_user=None
        )
        endpoint.refresh_from_db()
        shown = {} if options["dry_run"] else {"secret": secret}
        return {"id": endpoint.id, "previous_secret_until": endpoint.previous_until, **shown}
