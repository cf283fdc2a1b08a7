from __future__ import annotations

from typing import Any

from audit.changing import ChangeCommand
from audit.commands import Row
from subscriptions.flows.edit_catalogue import load_catalogue


class Command(ChangeCommand):
    help = (
        "Brings the plans as they are delivered into the database; what an operator edited stays."
    )

    def change(self, **options: Any) -> Row:
        return {"changed": load_catalogue(acting_user=None)}
