"""Who closed their account, or was erased, outside the database: a backup that is restored knows nothing of it.

It has ids alone.
"""

from __future__ import annotations

import json
import uuid
from contextlib import suppress
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from audit import growing_file

FILE = Path("audit") / "left.jsonl"


def note(user_id: uuid.UUID, left: str) -> None:
    """Once the transaction at hand has committed. Robust: who has left has left, whatever becomes of the file."""
    now = timezone.now().isoformat(timespec="seconds")
    row = {"user_id": str(user_id), "left": left, "at": now}
    transaction.on_commit(partial(growing_file.append, _path(), [row]), robust=True)


def read() -> dict[uuid.UUID, str]:
    """Each with the state that they left in. A line that a crash cut off says nothing."""
    found = {}
    if _path().exists():
        for line in _path().read_text(errors="replace").splitlines():
            with suppress(ValueError, KeyError, TypeError):
                row = json.loads(line)
                found[uuid.UUID(row["user_id"])] = str(row["left"])
    return found


def _path() -> Path:
    return Path(settings.VAR_DIR) / FILE
