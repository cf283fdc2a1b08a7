"""Runs the installation's processes as one: when one of them ends, or somebody stops it, all end.

Not honcho, the known program for this: it gives every process type a PORT of its own (links in mail
follow from PORT), and it ends whole process groups at once, which kills a Celery worker's children
in the middle of a task instead of letting them finish it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from types import FrameType

POLL_SECONDS = 0.1
# Longer than gunicorn's graceful_timeout.
PATIENCE_SECONDS = 25.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Supervisor:
    """Processes that start and end together, in the process group of whoever starts them."""

    def __init__(self, commands: Mapping[str, Sequence[str]], env: Mapping[str, str]) -> None:
        self._commands = commands
        self._env = env
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._is_stopping = False

    def run(self, *, is_ready: Callable[[], bool], on_ready: Callable[[], None]) -> int:
        """Until all have ended. 0 when somebody stopped them, 1 when one ended by itself."""
        started_by = os.getppid()
        for number in STOP_SIGNALS:
            signal.signal(number, self._stop)
        try:
            self._start()
            was_ready = False
            while not self._is_stopping and os.getppid() == started_by:
                if name := self._ended():
                    _say(f"The {name} process has ended, so everything ends.")
                    return 1
                if not was_ready and is_ready():
                    was_ready = True
                    on_ready()
                time.sleep(POLL_SECONDS)
            return 0
        finally:
            self._end()

    def _start(self) -> None:
        for name, command in self._commands.items():
            self._processes[name] = subprocess.Popen(command, env=dict(self._env))  # noqa: S603 -- our own commands

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self._is_stopping = True

    def _ended(self) -> str | None:
        ended = (name for name, process in self._processes.items() if process.poll() is not None)
        return next(ended, None)

    def _end(self) -> None:
        """Asks each to finish what it is doing; kills what is still there after a while."""
        for process in self._processes.values():
            process.terminate()
        deadline = time.monotonic() + PATIENCE_SECONDS
        for name, process in self._processes.items():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _say(f"The {name} process does not end; killing it.")
                process.kill()
                process.wait()


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
