from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import Row, ShowCommand
from rms_portal.backup.services import STANDARD_STREAM, make_backup

WITHOUT_SECRETS = (
    "no: keep SECRET_KEY elsewhere; without it, authenticator apps and open links are lost"
)
WITH_SECRETS = "yes: whoever has this file can become anybody"


class Command(ShowCommand):
    help = (
        "Writes the database, as it is at one instant, into one archive, while everything goes on. "
        "FILE is - for standard output."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file")
        parser.add_argument(
            "--with-secrets",
            action="store_true",
            help="Put SECRET_KEY into the archive. Whoever has it can then become anybody.",
        )

    def answer(self, **options: Any) -> Row:
        manifest = make_backup(options["file"], with_secrets=options["with_secrets"])
        has_secrets: object = options["with_secrets"]
        if not options["json"]:
            has_secrets = WITH_SECRETS if options["with_secrets"] else WITHOUT_SECRETS
        return {
            "file": options["file"],
            "created": manifest.created,
            "version": manifest.version,
            "engine": manifest.engine,
            "parts": list(manifest.parts),
            "secrets": has_secrets,
        }

    def handle(self, *args: Any, **options: Any) -> None:
        """What is said goes to standard error where the archive goes to standard output."""
        if options["file"] == STANDARD_STREAM:
            self.stdout = self.stderr
            self.stderr.style_func = None
        super().handle(*args, **options)
