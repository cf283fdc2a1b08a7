from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from accounts.services import reset_second_factors
from audit.commands import ChangeCommand, Row
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = (
        "Removes somebody's passkeys, authenticator app and recovery codes, ends all of their sessions "
        "and tells them by mail. Make sure that it is they who ask."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")

    def change(self, **options: Any) -> Row:
        user = get_user(options["email"])
        removed = reset_second_factors(user=user, acting_user=None)
        return {"user": user.id, "email": user.email, "removed": removed}
