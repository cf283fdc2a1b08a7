"""Management commands that change something: shown with `--dry-run`, done once with `--idempotency-key`.

`--dry-run` does all of the work and then rolls the transaction back: nothing stays and no mail goes out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction

from audit.commands import Row, ShowCommand
from audit.exceptions import Refusal
from audit.models import AuditEvent
from audit.services import record
from idempotency.exceptions import KeyRefused
from idempotency.services import Done, once, once_in_steps

# Options that do not change what is asked for.
ASIDE = {"json", "dry_run", "idempotency_key", *BaseCommand.base_stealth_options}
OF_DJANGO = {"settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"}


class ChangeCommand(ShowCommand):
    """Changes something in one transaction and answers with what it became.

    With `--idempotency-key` it does so once, however often it is run. Answers are kept for that, but not what `secrets`
    names of them: it is shown the first time, and empty when asked again.
    """

    secrets: tuple[str, ...] = ()

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--idempotency-key",
            metavar="KEY",
            help="Run again within 24 hours with the same key, it only answers as the first time.",
        )
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="Show what would become of it and change nothing.",
        )

    def change(self, **options: Any) -> Row:
        raise NotImplementedError

    def asked(self, **options: Any) -> Row:
        """All that is asked for: with the same key, something else is refused."""
        aside = ASIDE | OF_DJANGO | {"verbosity"}
        return {name: value for name, value in options.items() if name not in aside}

    def note(self, refusal: Refusal, **options: Any) -> None:
        """An attempt that was refused is in the log as well: without its words, which may be personal."""
        if options["dry_run"]:
            return
        record(
            action="command.run",
            subject=f"command:{self.name}",
            tenant_id=None,
            acting_user=None,
            result=AuditEvent.Result.REFUSED,
            details={"refusal": type(refusal).__name__},
        )

    def answer(self, **options: Any) -> Row:
        if options["dry_run"]:
            with transaction.atomic():
                answer = self.change(**options)
                transaction.set_rollback(True)
            return {"dry_run": True} | answer
        if (key := options.get("idempotency_key")) is not None:
            return self._once(key, **options)
        with transaction.atomic():
            return self.change(**options)

    def _once(self, key: str, **options: Any) -> Row:
        told: Row = {}

        def do() -> Row:
            told.update(self.change(**options))
            return told | dict.fromkeys(self.secrets)

        asked = self.asked(**options)
        done = keyed(lambda: once(scope=self.scope, key=key, request=asked, do=do))
        kept: Row = done.answer
        return kept if done.is_repeated else kept | {name: told[name] for name in self.secrets}

    @property
    def scope(self) -> str:
        return f"command:{self.name}"


class SteppedCommand(ChangeCommand):
    """Commits step by step, so that a run which is ended in the middle keeps what it has done. Run again with the same
    key, it goes on; once all is done, it only answers.
    """

    def steps(self, keep: Callable[[], None], **options: Any) -> Row:
        """Does it; calls `keep` after each step."""
        raise NotImplementedError

    def answer(self, **options: Any) -> Row:
        key = options.get("idempotency_key")
        if options["dry_run"] or key is None:
            return self.steps(lambda: None, **options)
        asked = self.asked(**options)
        done = keyed(
            lambda: once_in_steps(
                scope=self.scope,
                key=key,
                request=asked,
                do=lambda keep: self.steps(keep, **options),
            )
        )
        answer: Row = done.answer
        return answer


def digest_of(file: str) -> str:
    """What stands for a file among all that is asked for: a key is not good for another content of its name."""
    if file == "-":
        raise Refusal("With a key, name a file: standard input cannot be read twice.")
    try:
        with Path(file).open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}.") from None


Outcome = TypeVar("Outcome", Done, Done | None)


def keyed(do: Callable[[], Outcome]) -> Outcome:
    """In the words of commands: whatever is wrong with a key is a refusal."""
    try:
        return do()
    except KeyRefused as refusal:
        raise Refusal(str(refusal)) from None
