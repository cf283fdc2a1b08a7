"""The whole product as its own processes, on free ports, with a state of its own."""

from __future__ import annotations

import atexit
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.services.waiting import PATIENCE, free_port, until

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = sys.executable
CELERY = (PYTHON, "-m", "celery", "--app", "rms_portal")
COMMANDS: Mapping[str, Sequence[str]] = {
    "web": (PYTHON, "-m", "gunicorn", "rms_portal.wsgi"),
    "worker": (*CELERY, "worker", "--concurrency=2"),
    "scheduler": (*CELERY, "beat", "--pidfile="),
}
# What a process has written once it does its work; the web server is asked instead.
READY = {"worker": " ready.", "scheduler": "beat: Starting"}


def clean_environment(**settings: str) -> dict[str, str]:
    """Nothing of whoever runs the tests but where programs and the home are, and no .env file."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, "ENV_FILE": "", "PYTHONUNBUFFERED": "1", **settings}


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that leads a group of its own, and then whatever is left of the group."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(20)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(PATIENCE)


@dataclass
class Product:
    folder: Path
    settings: Mapping[str, str]
    commands: Mapping[str, Sequence[str]] = field(default_factory=lambda: COMMANDS)
    root: Path = ROOT
    port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        own = {"PORT": str(self.port), "PUBLIC_URL": self.url, "VAR_DIR": str(self.folder / "var")}
        return clean_environment(**{**own, **self.settings})

    def manage(self, *arguments: str) -> str:
        """Runs a management command; its standard output."""
        command = [PYTHON, "manage.py", *arguments]
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{arguments}: {done.stderr}"
        return done.stdout

    def told(self, script: str) -> Any:
        """What a script prints as JSON."""
        return json.loads(self.manage("shell", "--no-imports", "--command", script))

    def start(self, name: str) -> None:
        with self._log(name).open("ab") as log:
            self.processes[name] = subprocess.Popen(
                self.commands[name],
                cwd=self.root,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait_until_ready(self, name: str) -> None:
        process = self.processes[name]
        is_ready = self.answers if name == "web" else lambda: READY[name] in self.log(name)
        until(lambda: is_ready() or process.poll() is not None, what=f"the {name}")
        assert process.poll() is None, f"The {name} ended: {self.log(name)}"

    def answers(self) -> bool:
        try:
            with urlopen(f"{self.url}/healthz", timeout=5) as response:
                return bool(response.status == 200)
        except OSError:
            return False

    def stop(self, name: str) -> None:
        end_group(self.processes.pop(name))

    def kill(self, name: str) -> None:
        """As the machine's power failing would: at once, with all of its children."""
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)

    def log(self, name: str) -> str:
        return self._log(name).read_text(errors="replace")

    def forget_log(self, name: str) -> None:
        """What it wrote so far goes to the side, so that what it writes next is new."""
        path = self._log(name)
        path.rename(path.with_suffix(f".{time.monotonic_ns()}.log"))

    def logs(self) -> str:
        """What all processes have written so far."""
        return "\n".join(path.read_text(errors="replace") for path in self.folder.glob("*.log"))

    def _log(self, name: str) -> Path:
        return self.folder / f"{name}.log"


@contextmanager
def running(product: Product) -> Iterator[Product]:
    """Prepares and starts all processes of `product`, and ends them afterwards."""
    product.folder.mkdir(parents=True, exist_ok=True)
    state = product.folder / "var"
    if "DATABASE_URL" not in product.settings and not state.exists():
        state.mkdir(mode=0o700)
        shutil.copy(_migrated(), state)
    product.manage("prepare")
    try:
        for name in product.commands:
            product.start(name)
        for name in product.commands:
            product.wait_until_ready(name)
        yield product
    finally:
        for name in list(product.processes):
            product.stop(name)


def embedded(folder: Path, **settings: str) -> Product:
    """On SQLite, the file-system broker and the inbox page."""
    return Product(folder, {"SECRET_KEY": secrets.token_urlsafe(48), **settings})


@cache
def _migrated() -> Path:
    """An SQLite database as `migrate` leaves it, made once for all tests of a process: each takes seconds."""
    folder = Path(tempfile.mkdtemp(prefix="rms-migrated-"))
    atexit.register(shutil.rmtree, folder)
    state = folder / "var"
    state.mkdir()
    embedded(folder).manage("migrate", "--verbosity=0")
    return state / "db.sqlite3"


def served(
    folder: Path, *, database_url: str, redis_url: str, email_url: str, **settings: str
) -> Product:
    """On PostgreSQL, Redis and a mail server, with DEBUG=false."""
    return Product(
        folder,
        {
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DEBUG": "false",
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
            "EMAIL_URL": email_url,
            "MAIL_FROM": "no-reply@rights.example.com",
            **settings,
        },
    )


def alone_with(database_url: str, folder: Path, **settings: str) -> Product:
    """As served, but that broker and mail server are away: what only reads and writes rows needs neither."""
    away = {"redis_url": "redis://127.0.0.1:1", "email_url": "smtp://127.0.0.1:1"}
    return served(folder, database_url=database_url, **{**away, **settings})
