from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from outbox.backends import inbox
from rms_portal import keys
from rms_portal.installation import FIRST_OPERATOR_PASSWORD_FILE, kept_secret, make_folders
from rms_portal.migrating import migrate
from rms_portal.static_build import collect_static
from rms_portal.translations import compile_catalogues
from subscriptions.flows.edit_catalogue import load_catalogue
from tenants import addresses
from tenants.models import User
from tenants.services import create_operator

PASSWORD_OCTETS = 18  # 24 characters


class Command(BaseCommand):
    help = (
        "Makes the installation ready to start: its folders, translations, static files, database "
        "and first operator. Can be run again at any time; what is there stays."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--files-only",
            action="store_true",
            help="Only the translations and static files, which need no database.",
        )

        parser.add_argument(
            "--new-secret-key",
            action="store_true",
            help="Go on with a SECRET_KEY that is not the one of this database, which is lost for good.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        compile_catalogues()
        collect_static()
        if options["files_only"]:
            return
        make_folders(settings.VAR_DIR)
        if not settings.MAIL_IS_SENT:
            inbox()
        migrate(verbosity=options["verbosity"] - 1)
        self._ensure_key(is_new=options["new_secret_key"])
        load_catalogue(acting_user=None)
        self._ensure_operator()

    @staticmethod
    def _ensure_key(*, is_new: bool) -> None:
        if keys.state() is keys.KeyState.WRONG and not is_new:
            raise CommandError(keys.WRONG)
        keys.remember()

    def _ensure_operator(self) -> None:
        if User.objects.filter(role=User.Role.OPERATOR).exists():
            return
        path = settings.VAR_DIR / FIRST_OPERATOR_PASSWORD_FILE
        create_operator(
            address=addresses.parse(settings.OPERATOR_EMAIL),
            password=kept_secret(path, octets=PASSWORD_OCTETS),
            acting_user=None,
            # It lies where whoever can read it can become anybody without it.
            must_choose_password=False,
        )
        self.stdout.write(
            f"The first operator is {settings.OPERATOR_EMAIL}; the password is in {path}"
        )
