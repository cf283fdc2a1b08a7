"""What benchmarks run on: PostgreSQL as an installation has it, Redis, and web servers with 2 processes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg2

from benchmarks import cpu
from tests.services.postgres import Postgres, postgres
from tests.services.product import PYTHON, Product, served
from tests.services.redis import Redis, redis

# Nothing is traded for speed here: a commit waits for the disk. Memory as for a machine of this size.
DURABLE = ("shared_buffers=1GB", "max_wal_size=4GB", "work_mem=16MB", "maintenance_work_mem=256MB")
PRODUCT = (PYTHON, "-m", "gunicorn", "rms_portal.wsgi")
BARE = (
    PYTHON,
    "-m",
    "gunicorn",
    "--config",
    "benchmarks/bare_gunicorn.py",
    "benchmarks.bare:application",
)
SETTINGS = {"TRUSTED_PROXIES": "127.0.0.1", "LOG_LEVEL": "WARNING"}

BARE_TABLE = """
    CREATE TABLE bare_row (
        id uuid PRIMARY KEY, name varchar(254) NOT NULL UNIQUE, at timestamptz NOT NULL
    );
    INSERT INTO bare_row SELECT gen_random_uuid(), 'row-' || n, now() FROM generate_series(0, 2) n;
"""


@dataclass(frozen=True)
class Stack:
    postgres: Postgres
    redis: Redis
    folder: Path

    def product(self, database_url: str) -> Product:
        """The product on a database of its own, which is prepared here. No mail leaves."""
        product = self._served(database_url)
        product.manage("prepare", "--verbosity=0")
        return replace(product, commands={"web": PRODUCT})

    def bare(self, database_url: str) -> Product:
        """The bare view, with a table of its own in the same database."""
        with closing(psycopg2.connect(database_url)) as connection, connection:
            connection.cursor().execute(BARE_TABLE)
        product = self._served(database_url, DJANGO_SETTINGS_MODULE="benchmarks.bare_settings")
        return replace(product, commands={"web": BARE})

    def _served(self, database_url: str, **settings: str) -> Product:
        return served(
            Path(tempfile.mkdtemp(dir=self.folder)),
            database_url=database_url,
            redis_url=self.redis.new_url(),
            email_url="smtp://127.0.0.1:1",
            **SETTINGS,
            **settings,
        )

    def cpu(self, product: Product) -> dict[str, float]:
        """Seconds of processor time so far, by who used it."""
        own = os.times()
        return {
            "web": cpu.used(product.processes["web"].pid),
            "postgres": cpu.used(self.postgres.pid),
            "redis": cpu.used(self.redis.pid),
            "client": own.user + own.system,
        }


@contextmanager
def stack() -> Iterator[Stack]:
    with (
        postgres(DURABLE) as database_server,
        redis() as redis_server,
        tempfile.TemporaryDirectory(prefix="rms-bench-") as folder,
    ):
        yield Stack(database_server, redis_server, Path(folder))


@contextmanager
def serving(*products: Product) -> Iterator[None]:
    """Web servers, all at once; those that are not asked cost nothing but memory."""
    try:
        for product in products:
            product.start("web")
        for product in products:
            product.wait_until_ready("web")
        yield
    finally:
        for product in products:
            if "web" in product.processes:
                product.stop("web")


def shares(
    before: Mapping[str, float], after: Mapping[str, float], count: float
) -> dict[str, float]:
    """Milliseconds of processor time for each of `count` requests, by who used it."""
    return {f"{name}_ms": round(1000 * (after[name] - before[name]) / count, 2) for name in before}
