from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from audit.changing import ChangeCommand
from audit.commands import Row
from signup.flows.invite import invite
from tenants import addresses
from tenants.representations import user_row


class Command(ChangeCommand):
    help = (
        "Makes an account in the organisation that has the address's domain, which must be verified, and sends "
        "a mail with which its owner chooses a password."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("email")
        parser.add_argument("--first-name", default="", help="Its owner may change it.")
        parser.add_argument("--last-name", default="", help="Its owner may change it.")
        parser.add_argument(
            "--language",
            choices=[code for code, _ in settings.LANGUAGES],
            default=settings.LANGUAGE_CODE,
            help="Of the mail, and of the account.",
        )

    def change(self, **options: Any) -> Row:
        user = invite(
            address=addresses.parse(options["email"]),
            first_name=options["first_name"],
            last_name=options["last_name"],
            language=options["language"],
            acting_user=None,
        )
        return user_row(user)
