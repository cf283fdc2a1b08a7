from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.flows.states import close
from tenants.models import User
from tenants.representations import user_row
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = (
        "Closes an account because its owner wants it: there is no way back, and the address is free for a "
        "new account. Make sure that it is they who ask."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")

    def change(self, **options: Any) -> Row:
        user = get_user(options["email"])
        close(user=user, acting_user=None)
        return user_row(User.objects.get(pk=user.pk))
