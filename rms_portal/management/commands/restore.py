from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.commands import Row, ShowCommand
from rms_portal.backup.services import restore


class Command(ShowCommand):
    help = (
        "Replaces the database by the one in a backup, and brings it up to date. Stop web, worker and "
        "scheduler first. FILE is - for standard input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file")
        parser.add_argument(
            "--force", action="store_true", help="Also where the database is not empty."
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Check the archive, and whether it would be restored, and change nothing.",
        )

    def answer(self, **options: Any) -> Row:
        restored = restore(options["file"], force=options["force"], check_only=options["dry_run"])
        return {
            "dry_run": options["dry_run"],
            "created": restored.manifest.created,
            "version": restored.manifest.version,
            "engine": restored.manifest.engine,
            "to_do": restored.to_do,
        }
