"""From commit to the mail server, at 50 sign-ups a second; and how fast a worker drains what waited.

A mail's time is counted from its row, which is older than its commit, to its acceptance by a mail server
that does nothing but note it. Web with 2 processes, a worker with 2, PostgreSQL that waits for the disk,
Redis, the mail server and the people who sign up share this machine.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from statistics import quantiles

import psycopg2

from benchmarks import cpu, people, stack
from benchmarks.load import Client, Work
from benchmarks.results import Result, keep, show
from tests.services.product import PYTHON, ROOT, Product, served
from tests.services.waiting import free_port, until

NAME = "mail_latency"
GOAL_SECONDS = 10.0
PER_SECOND = 50
SECONDS = 30.0
VISITORS = 16
WAITING = 1000
WORKER = (PYTHON, "-m", "celery", "--app", "rms_portal", "worker")


class Sink:
    """The mail server, and what it noted."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.path = folder / "mails"
        command = [sys.executable, "-m", "benchmarks.mail_sink", str(self.port), str(self.path)]
        self.process = subprocess.Popen(command, cwd=ROOT)

    def times(self) -> dict[str, float]:
        """When each mail was taken, by the id of its row."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        parts = (line.split() for line in lines if line.count(" ") == 1)
        return {re.sub(r"[<>]|@.*", "", message_id): float(at) for at, message_id in parts}

    def wait_for(self, count: int) -> dict[str, float]:
        until(lambda: len(self.times()) >= count, seconds=300, what=f"{count} mails")
        return self.times()


@contextmanager
def sink() -> Iterator[Sink]:
    with tempfile.TemporaryDirectory(prefix="rms-sink-") as folder:
        server = Sink(Path(folder))
        try:
            yield server
        finally:
            server.process.terminate()
            server.process.wait(20)


@contextmanager
def portal(here: stack.Stack, mail_server: Sink) -> Iterator[Product]:
    made = served(
        Path(tempfile.mkdtemp(dir=here.folder)),
        database_url=here.postgres.new_url(),
        redis_url=here.redis.new_url(),
        email_url=f"smtp://127.0.0.1:{mail_server.port}",
        **stack.SETTINGS | {"LOG_LEVEL": "INFO"},
    )
    made.manage("prepare", "--verbosity=0")
    product = replace(made, commands={"web": stack.PRODUCT, "worker": WORKER})
    try:
        for name in product.commands:
            product.start(name)
        for name in product.commands:
            product.wait_until_ready(name)
        yield product
    finally:
        for name in list(product.processes):
            product.stop(name)


def sign_up(port: int, count: int, per_second: float) -> list[float]:
    """A steady stream of people, whatever the answers take; the seconds of each request."""
    idle: SimpleQueue[tuple[Client, Work]] = SimpleQueue()
    for _ in range(VISITORS):
        client = Client(port)
        idle.put((client, people.asks_to_join(client)))

    def one(_: int) -> float:
        client, work = idle.get()
        started = time.perf_counter()
        work(client)
        took = time.perf_counter() - started
        idle.put((client, work))
        return took

    began = time.perf_counter()
    with ThreadPoolExecutor(VISITORS) as crowd:
        asked = []
        for number in range(count):
            time.sleep(max(0.0, began + number / per_second - time.perf_counter()))
            asked.append(crowd.submit(one, number))
    while not idle.empty():
        idle.get()[0].close()
    return [one.result() for one in asked]


def created(product: Product) -> dict[str, float]:
    query = "SELECT id::text, extract(epoch FROM created_at)::float8 FROM outbox_outboxmail"
    url = product.settings["DATABASE_URL"]
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query)
        return dict(cursor.fetchall())


def used(here: stack.Stack, product: Product, mail_server: Sink) -> dict[str, float]:
    worker = {"worker": cpu.used(product.processes["worker"].pid)}
    return here.cpu(product) | worker | {"mail_server": cpu.used(mail_server.process.pid)}


def steady(here: stack.Stack, product: Product, mail_server: Sink) -> Result:
    """The promise: the time of each mail while people sign up."""
    sign_up(product.port, PER_SECOND * 2, PER_SECOND)
    before, known = used(here, product, mail_server), set(created(product))
    count = int(PER_SECOND * SECONDS)
    requests = sign_up(product.port, count, PER_SECOND)
    taken = mail_server.wait_for(len(known) + count)
    rows = {mail: at for mail, at in created(product).items() if mail not in known}
    mails = quantiles([taken[mail] - at for mail, at in rows.items()], n=100)
    per_mail = stack.shares(before, used(here, product, mail_server), count)
    return {
        "mails": len(rows),
        "p50_s": round(mails[49], 3),
        "p99_s": round(mails[98], 3),
        "max_s": round(max(taken[mail] - at for mail, at in rows.items()), 3),
        "request_p50_s": round(quantiles(requests, n=100)[49], 4),
        **per_mail,
    }


def drain(product: Product, mail_server: Sink) -> Result:
    """A worker alone with what waited while it was away: what one worker can do."""
    product.stop("worker")
    known = len(mail_server.times())
    sign_up(product.port, WAITING, 1000.0)
    product.forget_log("worker")
    product.start("worker")
    times = sorted(mail_server.wait_for(known + WAITING).values())[known:]
    seconds = times[-1] - times[0]
    return {"waiting": WAITING, "mails_per_second": round((WAITING - 1) / seconds, 1)}


def main() -> None:
    with stack.stack() as here, sink() as mail_server, portal(here, mail_server) as product:
        result = steady(here, product, mail_server)
        rest = drain(product, mail_server)
    for name, found in ((NAME, result), ("mail_drain", rest)):
        keep(name, found)
        show(name, [found])
    print(explained(result, rest))


def explained(
    result: Mapping[str, str | float | int], rest: Mapping[str, str | float | int]
) -> str:
    busy = sum(float(value) for name, value in result.items() if name.endswith("_ms"))
    return (
        f"99 of 100 mails took less than {result['p99_s']} s (goal: {GOAL_SECONDS:g} s). One sign-up with "
        f"its mail costs {busy:.1f} ms of processor time, the people and the mail server included: at "
        f"{PER_SECOND} a second {busy * PER_SECOND / 1000:.2f} processors. A worker with 2 processes "
        f"hands over {rest['mails_per_second']} mails a second when nobody signs up."
    )


if __name__ == "__main__":
    main()
