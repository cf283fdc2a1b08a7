from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from audit.changing import ChangeCommand, digest_of, keyed
from audit.commands import Row
from audit.exceptions import Refusal
from idempotency.services import answer_of, has_keys, remember
from rms_portal.backup.services import restore


class Command(ChangeCommand):
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

    def asked(self, **options: Any) -> Row:
        return {**super().asked(**options), "file": digest_of(options["file"])}

    def note(self, refusal: Refusal, **options: Any) -> None:
        """There may be no log to write into."""

    def answer(self, **options: Any) -> Row:
        key = options.get("idempotency_key")
        if options["dry_run"] or key is None:
            return self.change(**options)
        # The keys are in the database that is replaced: what was done is noted in the new one.
        about = {"scope": self.scope, "key": key, "request": self.asked(**options)}
        if has_keys() and (done := keyed(lambda: answer_of(**about))):
            kept: Row = done.answer
            return kept
        answer = self.change(**options)
        remember(**about, answer=answer)
        return answer

    def change(self, **options: Any) -> Row:
        restored = restore(options["file"], force=options["force"], check_only=options["dry_run"])
        return {
            "dry_run": options["dry_run"],
            "created": restored.manifest.created,
            "version": restored.manifest.version,
            "engine": restored.manifest.engine,
            "left_again": restored.left_again,
            "to_do": restored.to_do,
        }
