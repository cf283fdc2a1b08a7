from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from redis import Redis as Client
from redis.exceptions import ConnectionError as NotConnected

from tests.services import programs
from tests.services.waiting import PATIENCE, free_port, until

DATABASES = 500


@dataclass
class Redis:
    port: int
    pid: int = 0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: int) -> str:
        return f"redis://127.0.0.1:{self.port}/{database}"

    def new_url(self) -> str:
        """The address of an empty database that nobody used before."""
        return self.url(next(self._numbers))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Connections are taken and nothing is answered, as on a machine that hangs."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def answers(self) -> bool:
        try:
            return bool(Client.from_url(self.url(0)).ping())
        except NotConnected:
            return False


@contextmanager
def redis(port: int | None = None) -> Iterator[Redis]:
    """A server of its own on 127.0.0.1, which keeps nothing."""
    program = programs.need("Redis")
    server = Redis(port or free_port())
    options = {
        "--port": str(server.port),
        "--bind": "127.0.0.1",
        "--databases": str(DATABASES),
        "--save": "",
        "--appendonly": "no",
    }
    words = [word for option in options.items() for word in option]
    with tempfile.TemporaryDirectory(prefix="rms-redis-") as folder:
        process = subprocess.Popen(
            [program, *words, "--dir", folder],
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
        server.pid = process.pid
        try:
            until(lambda: server.answers() or process.poll() is not None, what="Redis")
            assert process.poll() is None, "Redis ended at once."
            yield server
        finally:
            process.terminate()
            process.wait(PATIENCE)
