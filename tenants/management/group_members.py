from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from audit.exceptions import Refusal
from tenants.group_selectors import get_group
from tenants.models import Group, User
from tenants.representations import group_details
from tenants.selectors import get_user


class GroupMemberCommand(ChangeCommand):
    """What two commands share: which group, and which account or other group."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("domain")
        parser.add_argument("group", help="Its name, or one of its addresses.")
        parser.add_argument("email", nargs="?", help="An address of the account.")
        parser.add_argument("--inner", help="Another group, instead of an account.")

    def of_user(self, group: Group, user: User) -> None:
        raise NotImplementedError

    def of_group(self, group: Group, inner: Group) -> None:
        raise NotImplementedError

    def change(self, **options: Any) -> Row:
        if bool(options["email"]) == bool(options["inner"]):
            raise Refusal("Name either the address of an account, or another group with --inner.")
        group = get_group(options["group"], typed_domain=options["domain"])
        if options["email"]:
            self.of_user(group, get_user(options["email"]))
        else:
            self.of_group(group, get_group(options["inner"], typed_domain=options["domain"]))
        return group_details(group)
