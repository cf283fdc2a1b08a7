"""Which of the programs that suites need are installed, and what a missing one means."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

REQUIRE_SERVICES = os.environ.get("REQUIRE_SERVICES") == "1"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# What each marker of pyproject.toml needs.
NEEDED = {
    "services": ("PostgreSQL", "Redis"),
    "browser": ("Chromium",),
    "dns": ("Knot DNS", "Unbound"),
}


def _postgres() -> str | None:
    """Debian keeps the server's programs out of PATH, one folder per version."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version, reverse=True)
    return shutil.which("initdb", path=os.pathsep.join(map(str, folders))) or shutil.which("initdb")


def _version(folder: Path) -> int:
    digits = re.sub(r"\D", "", folder.parent.name)
    return int(digits) if digits else 0


def find(name: str) -> Path | None:
    """The program behind `name`; for PostgreSQL, its initdb."""
    match name:
        case "PostgreSQL":
            found = _postgres()
        case "Redis":
            found = shutil.which("redis-server")
        case "Knot DNS":
            found = shutil.which(
                "knotd", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
            )
        case "Unbound":
            found = shutil.which(
                "unbound", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
            )
        case "Chromium":
            found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
        case _:
            raise ValueError(name)
    return Path(found) if found else None


def need(name: str) -> Path:
    """The program, or the test is skipped by its name; with REQUIRE_SERVICES=1 it fails instead."""
    found = find(name)
    if found:
        return found
    sentence = f"{name} is not installed."
    if REQUIRE_SERVICES:
        pytest.fail(f"{sentence} REQUIRE_SERVICES=1 asks for it.", pytrace=False)
    pytest.skip(sentence)
