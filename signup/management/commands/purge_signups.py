from __future__ import annotations

from typing import Any

from audit.changing import ChangeCommand
from audit.commands import Row
from signup.services import purge


class Command(ChangeCommand):
    help = (
        "Deletes sign-ups that became nothing within 7 days or were completed a year ago, and forgets "
        "what is personal in those completed 7 days ago."
    )

    def change(self, **options: Any) -> Row:
        purged = purge()
        return {"deleted": purged.deleted, "forgotten": purged.forgotten}
