from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.flows.reset_factors import reset
from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = (
        "Removes somebody's passkeys, authenticator app and recovery codes, ends all of their sessions, "
        "makes them choose a new password at the next sign-in and tells them by mail. Make sure that it is they who ask."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")

    def change(self, **options: Any) -> Row:
        user = get_user(options["email"])
        removed = reset(user=user, acting_user=None)
        return {"user": user.id, "email": user.email, "removed": removed}
