"""Loads a newer list of domains, without a release; see signup/domain_list_updates.py."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from audit.changing import ChangeCommand, digest_of
from audit.commands import Row
from audit.exceptions import Refusal
from signup import domain_list_updates as updates
from signup.domain_lists import Kind, NamedList, date_of


class Command(ChangeCommand):
    help = (
        "Loads a list of domains that sign-up goes by, one a line, or goes back to the shipped one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("kind", choices=Kind.values, help="Which list.")
        parser.add_argument("file", nargs="?", help="The list; - reads standard input.")
        parser.add_argument(
            "--dated", type=day, help="The day the list was made; default: what it says, or today."
        )
        parser.add_argument("--source", help="Where the list comes from; default: what it says.")
        parser.add_argument(
            "--shipped", action="store_true", help="Go back to the list shipped with the product."
        )
        parser.add_argument(
            "--force", action="store_true", help="Accept less than half of the entries of now."
        )

    def asked(self, **options: Any) -> Row:
        file = options["file"]
        return {**super().asked(**options), "file": digest_of(file) if file else None}

    def change(self, **options: Any) -> Row:
        kind = Kind(options["kind"])
        if bool(options["file"]) == options["shipped"]:
            raise Refusal("Give either a file with the list or --shipped.")
        if options["shipped"]:
            return shown(updates.drop(kind=kind, acting_user=None))
        text = read(options["file"])
        source = options["source"] or updates.source_of(text) or options["file"]
        new = updates.replace(
            kind=kind,
            text=text,
            dated=options["dated"] or date_of(text) or timezone.now().date(),
            source=source[:300],
            force=options["force"],
            acting_user=None,
        )
        return shown(new)


def shown(now: NamedList) -> Row:
    return {
        "kind": now.kind.value,
        "dated": now.dated,
        "entries": len(now.entries),
        "source": now.source,
        "digest": now.digest,
    }


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def read(file: str) -> str:
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode("utf-8-sig")
    except OSError as error:
        raise Refusal(f"{file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Refusal(f"{file} is not a text in UTF-8.") from None
