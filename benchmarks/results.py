"""Where results go: a table for people, and a line of JSON for each in var/bench/."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "var" / "bench"
Result = dict[str, str | float | int]


def keep(benchmark: str, result: Result) -> None:
    """Appends one line; with it when, and on what kind of machine."""
    FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
    machine = {"cpus": os.cpu_count(), "python": platform.python_version()}
    at = datetime.now(tz=UTC).isoformat(timespec="seconds")
    line = json.dumps({"benchmark": benchmark, "at": at, **machine, **result})
    with (FOLDER / f"{benchmark}.jsonl").open("a") as file:
        file.write(f"{line}\n")


def show(benchmark: str, results: list[Result]) -> None:
    print(f"\n{benchmark.replace('_', ' ')}", table(results), sep="\n")


def table(results: list[Result]) -> str:
    rows = [[name.replace("_", " ") for name in results[0]]]
    rows += [
        [f"{value:g}" if isinstance(value, float) else str(value) for value in result.values()]
        for result in results
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
