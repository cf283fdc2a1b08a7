"""kill -9 at every step of sending: no mail is lost, and at most one arrives twice for each crash.

The processes are real: gunicorn, Celery with child processes, PostgreSQL, Redis. What is killed is first
stopped from outside, by a mail server that stalls or by a trigger in the database.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from itertools import count
from pathlib import Path

import psycopg2
import pytest
import requests
from celery import Celery

from tests import walk
from tests.services.gates import gate_before
from tests.services.postgres import Postgres
from tests.services.product import COMMANDS, Product, running, served
from tests.services.raw_smtp import STALL, RawSmtp, raw_smtp
from tests.services.redis import Redis
from tests.services.silence import silent_server
from tests.services.waiting import PATIENCE, until

pytestmark = pytest.mark.services
NUMBERS = count(1)
BEFORE_HAND_OVER = ("CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "BODY")


@pytest.fixture(scope="module")
def server() -> Iterator[RawSmtp]:
    with raw_smtp() as server:
        yield server


@pytest.fixture(scope="module")
def product(
    postgres: Postgres,
    redis: Redis,
    server: RawSmtp,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Product]:
    """Without a scheduler: the tests say when the sweeper comes."""
    made = served(
        tmp_path_factory.mktemp("kills"),
        database_url=postgres.migrated_url(),
        redis_url=redis.new_url(),
        email_url=server.url,
        TRUSTED_PROXIES="127.0.0.1",
    )
    made.commands = {name: made.commands[name] for name in ("web", "worker")}
    with running(made) as product:
        yield product


@pytest.fixture(autouse=True)
def a_server_that_answers(server: RawSmtp) -> Iterator[None]:
    """What one test told the server holds for no other, also where it failed."""
    yield
    server.at.clear()
    server.forget_who_stalled()


def database(product: Product) -> str:
    return product.settings["DATABASE_URL"]


def query(product: Product, statement: str, *values: object) -> list[tuple[str]]:
    with closing(psycopg2.connect(database(product))) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        connection.commit()
        rows: list[tuple[str]] = cursor.fetchall() if cursor.description else []
        return rows


def state(product: Product, address: str) -> str:
    rows = query(product, "SELECT state FROM outbox_outboxmail WHERE to_address = %s", address)
    return rows[0][0] if rows else ""


def five_minutes_later(product: Product) -> None:
    """After its death the worker starts again: its claims are over, and the sweeper comes.

    They end before it starts, as it may claim something at once, and that is nobody else's for five minutes.
    """
    query(
        product,
        "UPDATE outbox_outboxmail SET claimed_until = now() - interval '1 second' WHERE state = 'sending'",
    )
    start_again(product, "worker")
    sweep(product)


def sweep(product: Product) -> None:
    app = Celery("sweeper", broker=product.settings["REDIS_URL"], set_as_current=False)
    app.send_task("outbox.tasks.sweep_outbox")
    app.close()


def start_again(product: Product, name: str) -> None:
    product.forget_log(name)
    product.start(name)
    product.wait_until_ready(name)


def ask(product: Product) -> str:
    number = next(NUMBERS)
    address = f"robin@kill{number}-walkers.com"
    page = walk.ask(walk.HttpVisitor(product.url, network=f"20.1.1.{number}"), address)
    assert page.status == 302, page.text
    return address


def assert_arrived(product: Product, server: RawSmtp, address: str, *, copies: int) -> None:
    """So many copies, all the same mail, and the link of each works."""
    mails = server.wait_for(address, copies=copies)
    until(lambda: state(product, address) == "sent", what=f"the end of {address}")
    assert len(server.to(address)) == copies
    assert len({(mail["Message-ID"], mail["Date"]) for mail in mails}) == 1
    for mail in mails:
        body = mail.get_body(("plain",))
        assert body is not None
        link = walk.Mail(str(mail["Subject"]), body.get_content()).link()
        assert "One last thing" in walk.HttpVisitor(product.url).get(link).text


def wait_until_it_stalls(product: Product, server: RawSmtp, address: str) -> None:
    """Until the worker that has claimed the mail waits for the server: then nobody else will claim it."""
    until(lambda: state(product, address) == "sending", what=f"a claim of {address}")
    server.wait_until_stalled()


@pytest.mark.long
@pytest.mark.parametrize("step", BEFORE_HAND_OVER)
def test_killed_before_the_mail_server_took_it(
    product: Product, server: RawSmtp, step: str
) -> None:
    if step in {"CONNECT", "EHLO"}:
        # A connection that is still open from the mail before would not come to these steps.
        product.stop("worker")
        start_again(product, "worker")
    server.at[step] = STALL
    address = ask(product)
    wait_until_it_stalls(product, server, address)
    product.kill("worker")
    server.at.clear()
    assert server.to(address) == []
    five_minutes_later(product)
    assert_arrived(product, server, address, copies=1)


def test_killed_after_the_mail_server_took_it_and_before_it_said_so(
    product: Product, server: RawSmtp
) -> None:
    server.at["TAKEN"] = STALL
    address = ask(product)
    wait_until_it_stalls(product, server, address)
    product.kill("worker")
    server.at.clear()
    five_minutes_later(product)
    assert_arrived(product, server, address, copies=2)


def test_killed_before_the_claim_commits(product: Product, server: RawSmtp) -> None:
    with gate_before("sending", database(product)) as gate:
        address = ask(product)
        gate.wait_until_somebody_waits()
        product.kill("worker")
        gate.end_who_waits()
    assert (state(product, address), server.to(address)) == ("queued", [])
    five_minutes_later(product)
    assert_arrived(product, server, address, copies=1)


@pytest.mark.long
@pytest.mark.parametrize("is_noted", [False, True])
def test_killed_after_hand_over_while_that_is_noted(
    product: Product, server: RawSmtp, is_noted: bool
) -> None:
    """Noted or not: what was on its way to the database may arrive after the sender's death."""
    with gate_before("sent", database(product)) as gate:
        address = ask(product)
        gate.wait_until_somebody_waits()
        product.kill("worker")
        if not is_noted:
            gate.end_who_waits()
    five_minutes_later(product)
    assert_arrived(product, server, address, copies=1 if is_noted else 2)


def test_a_worker_whose_database_connections_were_cut_goes_on(
    product: Product, server: RawSmtp
) -> None:
    """Workers keep their connections from task to task; nobody sweeps here."""
    for _ in range(4):
        assert_arrived(product, server, ask(product), copies=1)
    cut = (
        "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    )
    assert query(product, f"{cut} AND datname = current_database()")
    for _ in range(4):
        assert_arrived(product, server, ask(product), copies=1)


@pytest.mark.long
def test_a_crash_with_many_on_their_way_doubles_one_for_each_process_at_most(
    product: Product, server: RawSmtp
) -> None:
    """Two worker processes, thirty-five mails, killed in the middle of it three times."""
    addresses = [ask(product) for _ in range(5)]
    for _ in range(3):
        server.at["TAKEN"] = STALL
        addresses += [ask(product) for _ in range(10)]
        server.wait_until_stalled()
        product.kill("worker")
        server.at.clear()
        five_minutes_later(product)
    for address in addresses:
        server.wait_for(address)
    unsent = "SELECT id::text FROM outbox_outboxmail WHERE state <> 'sent'"
    until(lambda: not query(product, unsent), what="the last mail")
    copies = [len(server.to(address)) for address in addresses]
    assert min(copies) == 1
    assert sum(copies) - len(addresses) <= 2 * 3
    for address in addresses:
        assert len({mail["Message-ID"] for mail in server.to(address)}) == 1


@pytest.mark.long
def test_web_killed_after_the_commit_and_before_a_worker_was_told(
    product: Product, server: RawSmtp
) -> None:
    """The broker does not answer the web server, which stands there with a committed sign-up."""
    address = f"robin@kill{next(NUMBERS)}-walkers.com"
    with ExitStack() as stack:
        broker = stack.enter_context(silent_server())
        other = Product(
            product.folder / "web",
            {
                **product.settings,
                "CELERY_BROKER_URL": broker.url,
                "VAR_DIR": str(product.folder / "var"),
            },
            commands={"web": product.commands["web"]},
        )
        other.folder.mkdir()
        other.start("web")
        stack.callback(end_all, other)
        other.wait_until_ready("web")
        person = threading.Thread(target=suppressed(lambda: walk.ask(visitor(other), address)))
        person.start()
        until(lambda: state(product, address) == "queued", what="the commit")
        broker.wait_until_called()
        other.kill("web")
        person.join(PATIENCE)
    assert (state(product, address), server.to(address)) == ("queued", [])
    sweep(product)
    assert_arrived(product, server, address, copies=1)


def end_all(product: Product) -> None:
    for name in list(product.processes):
        product.stop(name)


def visitor(product: Product) -> walk.HttpVisitor:
    return walk.HttpVisitor(product.url)


def suppressed(action: Callable[[], object]) -> Callable[[], None]:
    """The browser of somebody whose server dies."""

    def run() -> None:
        with suppress(requests.RequestException):
            action()

    return run


@pytest.mark.long
def test_a_killed_scheduler_sweeps_again_after_its_next_start(
    product: Product, server: RawSmtp, tmp_path: Path
) -> None:
    scheduling = Product(
        product.folder / "scheduler",
        {**product.settings, "VAR_DIR": str(tmp_path)},
        commands={"scheduler": COMMANDS["scheduler"]},
    )
    scheduling.folder.mkdir()
    scheduling.start("scheduler")
    try:
        until(
            lambda: "Sending due task outbox.sweep" in scheduling.log("scheduler"),
            what="a sweep",
        )
        scheduling.kill("scheduler")
        server.at["RCPT"] = "451 4.3.0 later"
        address = ask(product)
        until(
            lambda: state(product, address) == "queued" and "RCPT" in server.verbs,
            what="a refusal",
        )
        server.at.clear()
        query(
            product,
            "UPDATE outbox_outboxmail SET next_attempt_at = now() WHERE to_address = %s",
            address,
        )
        scheduling.start("scheduler")
        assert_arrived(product, server, address, copies=1)
    finally:
        end_all(scheduling)
