"""`make env`: an `.env` for docker compose, with fresh secrets. It needs nothing but Python."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MADE_AT_RANDOM = {"SECRET_KEY": 48, "MASTER_KEY": 48, "POSTGRES_PASSWORD": 24}  # octets


def filled(example: str) -> str:
    """`example` with a random value behind each name that needs one."""
    lines = example.splitlines(keepends=True)
    return "".join(_filled_line(line) for line in lines)


def _filled_line(line: str) -> str:
    name = line.rstrip("\n").removesuffix("=")
    if name in MADE_AT_RANDOM:
        return f"{name}={secrets.token_urlsafe(MADE_AT_RANDOM[name])}\n"
    return line


def main(root: Path) -> int | str:
    target = root / ".env"
    text = filled((root / ".env.example").read_text())
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return f"{target} is there already and stays as it is. Move it away to make a new one."
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    print(
        f"{target} is written, with fresh secrets. Fill in PUBLIC_URL, EMAIL_URL and MAIL_FROM, then: docker compose up"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(ROOT))
