"""Heads outside the database: a line each in a file that only grows.

Whoever cuts the end off a chain can put an older head back that was sealed with our key; a head that was
exported later, and lies elsewhere, shows it.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import F

from audit import growing_file
from audit.chain import INSTALLATION, Head, claim_of
from audit.exceptions import NotAFileOfHeads
from audit.models import ChainHead

FILE = Path("audit") / "heads.jsonl"
AT_ONCE = 1000
_DECODER = json.JSONDecoder()


def export() -> int:
    """Appends the heads that were not exported yet; their number. A crash in between exports some twice."""
    count = 0
    while rows := list(ChainHead.objects.exclude(exported_number=F("number"))[:AT_ONCE]):
        growing_file.append(Path(settings.VAR_DIR) / FILE, [as_row(claim_of(row)) for row in rows])
        for row in rows:
            row.exported_number = row.number
        ChainHead.objects.bulk_update(rows, ["exported_number"])
        count += len(rows)
    return count


def as_row(head: Head) -> dict[str, Any]:
    return {
        "tenant_id": None if head.chain == INSTALLATION else str(head.chain),
        "number": head.number,
        "hash": head.hash,
        "at": head.at.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "seal": head.seal,
    }


def read(path: Path) -> Iterator[Head]:
    """The heads in a file as `export` writes it, one at a time, or in one of answers of `list_audit_heads --json`,
    one after another. Raises NotAFileOfHeads.
    """
    try:
        with path.open() as file:
            is_an_answer = file.read(1) == "["
            file.seek(0)
            rows = _answers(file.read()) if is_an_answer else map(json.loads, file)
            yield from map(_parsed, rows)
    except (OSError, ValueError, KeyError, TypeError):
        raise NotAFileOfHeads(path) from None


def _answers(text: str) -> Iterator[dict[str, Any]]:
    rest = text.strip()
    while rest:
        rows, end = _DECODER.raw_decode(rest)
        yield from rows
        rest = rest[end:].lstrip()


def _parsed(row: dict[str, Any]) -> Head:
    return Head(
        chain=uuid.UUID(row["tenant_id"]) if row["tenant_id"] else INSTALLATION,
        number=int(row["number"]),
        hash=str(row["hash"]),
        at=dt.datetime.fromisoformat(row["at"]),
        seal=str(row["seal"]),
    )
