from __future__ import annotations

from typing import Any

from audit.commands import ChangeCommand, Row
from signup.services import purge


class Command(ChangeCommand):
    help = "Deletes sign-ups that became nothing within 7 days."

    def change(self, **options: Any) -> Row:
        return {"deleted": purge()}
