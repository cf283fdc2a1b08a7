from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg2

from tests.services import programs
from tests.services.product import Product, alone_with
from tests.services.waiting import PATIENCE, free_port, until

MIGRATED = "migrated"
# Nothing here outlives the tests, so nothing has to reach the disk.
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass
class Postgres:
    port: int
    pid: int
    _numbers: Iterator[int] = field(default_factory=count)
    _has_migrated: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/{database}"

    def new_url(self) -> str:
        """The address of a new, empty database."""
        return self._created(f"test_{next(self._numbers)}")

    def migrated_url(self) -> str:
        """The address of a new database as `migrate` leaves it: a copy of one, for migrating takes seconds each time."""
        if not self._has_migrated:
            self._has_migrated.append(_migrated(self._created(MIGRATED)))
        return self._created(f"test_{next(self._numbers)}", like=MIGRATED)

    def product(self, folder: Path, **settings: str) -> Product:
        """On a migrated database of its own, without a broker and a mail server."""
        return alone_with(self.migrated_url(), folder, **settings)

    def _created(self, name: str, *, like: str = "template1") -> str:
        with closing(psycopg2.connect(self.url("postgres"))) as connection:
            connection.autocommit = True
            connection.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {like}")
        return self.url(name)

    def answers(self) -> bool:
        try:
            psycopg2.connect(self.url("postgres"), connect_timeout=10).close()
        except psycopg2.OperationalError:
            return False
        return True


def _migrated(url: str) -> str:
    with tempfile.TemporaryDirectory(prefix="rms-migrating-") as folder:
        alone_with(url, Path(folder)).manage("migrate", "--verbosity=0")
    return url


def _unprivileged() -> str | None:
    """Whom to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def postgres(settings: Sequence[str] = FAST) -> Iterator[Postgres]:
    """A server of its own, in a temporary folder, on a free port of 127.0.0.1."""
    initdb = programs.need("PostgreSQL")
    folder = Path(tempfile.mkdtemp(prefix="rms-postgres-"))
    user = _unprivileged()
    if user:
        shutil.chown(folder, user)
    try:
        _initialise(initdb, folder, user)
        with _serving(initdb.with_name("postgres"), folder, user, settings) as server:
            yield server
    finally:
        shutil.rmtree(folder)


def _initialise(initdb: Path, folder: Path, user: str | None) -> None:
    options = ("--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8")
    subprocess.run(
        [initdb, "--no-sync", *options, "-D", folder / "data"],
        check=True,
        capture_output=True,
        cwd=folder,
        user=user,
    )


@contextmanager
def _serving(
    program: Path, folder: Path, user: str | None, settings: Sequence[str]
) -> Iterator[Postgres]:
    port = free_port()
    all_settings = [*settings, "listen_addresses=127.0.0.1", "max_connections=300"]
    options = [word for setting in all_settings for word in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-D", folder / "data", "-p", str(port), "-k", folder, *options],
            stdout=log,
            stderr=log,
            cwd=folder,
            user=user,
            start_new_session=True,
        )
    server = Postgres(port, process.pid)
    try:
        until(lambda: server.answers() or process.poll() is not None, what="PostgreSQL")
        assert process.poll() is None, (folder / "log").read_text()
        yield server
    finally:
        process.send_signal(signal.SIGINT)  # its fast shutdown: connections are cut
        process.wait(PATIENCE)
