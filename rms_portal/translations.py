"""Catalogues of translated texts: compiled without GNU gettext, and checked for completeness.

python -m rms_portal.translations compile
python -m rms_portal.translations check
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"
SHOWN = 10


def catalogues(locale_dir: Path) -> list[Path]:
    return sorted(locale_dir.glob("*/LC_MESSAGES/*.po"))


def compile_catalogues(locale_dir: Path = LOCALE_DIR) -> int:
    """Writes the .mo file of every catalogue that is newer than its own; how many were written."""
    stale = [path for path in catalogues(locale_dir) if _is_stale(path)]
    for path in stale:
        _write(path)
    return len(stale)


def _is_stale(path: Path) -> bool:
    compiled = path.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime < path.stat().st_mtime


def _write(path: Path) -> None:
    """In one step, so that nobody who starts at the same time reads half a file."""
    unfinished = path.with_suffix(f".{os.getpid()}.tmp")
    polib.pofile(str(path)).save_as_mofile(str(unfinished))
    unfinished.replace(path.with_suffix(".mo"))


def gaps(locale_dir: Path = LOCALE_DIR) -> Iterator[str]:
    """One sentence for each catalogue that lacks a translation or has one that is only guessed."""
    for path in catalogues(locale_dir):
        catalogue = polib.pofile(str(path))
        missing = [*catalogue.untranslated_entries(), *catalogue.fuzzy_entries()]
        if missing:
            texts = "\n".join(f"    {entry.msgid!r}" for entry in missing[:SHOWN])
            yield f"{path}: {len(missing)} texts are not translated, or fuzzy:\n{texts}"


def main(arguments: list[str]) -> int | str:
    match arguments:
        case ["compile"]:
            compile_catalogues()
            return 0
        case ["check"]:
            return "\n".join(gaps()) or 0
        case _:
            return "Say what to do: compile or check."


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
