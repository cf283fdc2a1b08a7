from __future__ import annotations

from typing import Any

from accounts.second_factors import renew_all
from audit.changing import ChangeCommand
from audit.commands import Row


class Command(ChangeCommand):
    help = (
        "Encrypts the secrets of authenticator apps and recovery codes under the newest SECRET_KEY, so "
        "that an older one need not stay a fallback. The scheduler does it every night."
    )

    def change(self, **options: Any) -> Row:
        renewed, unreadable = renew_all()
        return {"renewed": renewed, "unreadable": unreadable}
