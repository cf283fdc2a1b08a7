from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from tenants.flows.erase import release
from tenants.models import User
from tenants.representations import user_row
from tenants.selectors import get_user


class Command(ChangeCommand):
    help = (
        "Frees the address of a deleted account for a new one, which inherits nothing. The deleted account is "
        "erased at once and cannot be restored any more."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")

    def change(self, **options: Any) -> Row:
        user = get_user(options["email"])
        release(user=user, acting_user=None)
        return user_row(User.objects.get(pk=user.pk))
