"""`make run` itself, in a copy of the tree, as somebody at a terminal would start and end it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.services.product import ROOT, clean_environment
from tests.services.waiting import PATIENCE, until

IS_READY = " is ready at http://"


def copy_of_the_tree(folder: Path) -> Path:
    """What a clone would have, with what is being worked on."""
    listed = ("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


@dataclass
class MakeRun:
    """A process group with `make run` at its head. VENV is the environment that runs the tests."""

    tree: Path
    port: int
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        until(
            lambda: IS_READY in self.text() or self.process.poll() is not None,
            what=f"make run, which wrote: {self.text()}",
        )
        assert self.process.poll() is None, self.text()

    def press_ctrl_c(self) -> int:
        """As a terminal does: SIGINT to the whole group. The exit status of make."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(PATIENCE)

    def members(self) -> dict[int, str]:
        """Process id and command line of everything that is left of the group."""
        found = {}
        for pid in self._states():
            with suppress(FileNotFoundError, ProcessLookupError):
                words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
                found[pid] = " ".join(words).strip()
        return found

    def processor_seconds(self) -> float:
        """What all of it has worked so far, also those that have ended: the same on a busy machine as on a quiet one."""
        # utime, stime, and those of children that were waited for; proc(5).
        ticks = sum(sum(map(int, state[11:15])) for state in self._states().values())
        return ticks / os.sysconf("SC_CLK_TCK")

    def _states(self) -> dict[int, list[str]]:
        """What /proc/…/stat has of each of the group that lives, from its state on."""
        found = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(FileNotFoundError, ProcessLookupError):
                state = stat.read_text().rpartition(")")[2].split()
                if int(state[2]) == self.process.pid and state[0] != "Z":
                    found[int(stat.parent.name)] = state
        return found


@contextmanager
def make_run(tree: Path, port: int, **settings: str) -> Iterator[MakeRun]:
    command = ["make", "run", f"PORT={port}", f"VENV={sys.prefix}"]
    output = tree / f"output-{port}"
    with output.open("wb") as file:
        process = subprocess.Popen(
            command,
            cwd=tree,
            env=clean_environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield MakeRun(tree, port, process, output)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
