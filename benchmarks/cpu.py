"""What a server and its processes have used of the processor so far, as Linux counts it."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def used(root: int) -> float:
    """Seconds of `root`, of those descended from it, and of children it has waited for."""
    stats = {int(path.name): _stat(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
    seconds = _ticks(stats[root], 11, 15)
    family = {root}
    # Children have higher ids than their parents, but for the rare time that ids start again.
    for pid, stat in sorted(stats.items()):
        if stat and int(stat[1]) in family:
            family.add(pid)
            seconds += _ticks(stat, 11, 13)
    return seconds / TICKS


def of_one(pid: int) -> float:
    """Seconds of one process alone, to the nanosecond."""
    return int((Path("/proc") / str(pid) / "schedstat").read_text().split()[0]) / 1e9


def _stat(process: Path) -> list[str]:
    """The fields of proc(5), from the state on; none where the process has just ended."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _ticks(stat: list[str], start: int, end: int) -> float:
    return sum(map(float, stat[start:end]))
