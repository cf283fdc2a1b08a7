"""SIGTERM and restarts: what was begun is finished, what was not accepted never happened."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
import requests

from tests import walk
from tests.services.postgres import Postgres
from tests.services.product import Product, running, served
from tests.services.raw_smtp import raw_smtp
from tests.services.redis import Redis
from tests.services.smtp import Smtp, serving
from tests.services.waiting import PATIENCE, until

pytestmark = [pytest.mark.services, pytest.mark.long]
IN_FLIGHT = 20
RELOADS = 3
CLIENTS = 4


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Smtp]:
    with serving(Smtp()) as server:
        yield server


@pytest.fixture(scope="module")
def product(
    postgres: Postgres, redis: Redis, mail_server: Smtp, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    with running(
        served(
            tmp_path_factory.mktemp("stops"),
            database_url=postgres.migrated_url(),
            redis_url=redis.new_url(),
            email_url=mail_server.url,
        )
    ) as product:
        yield product


Form = tuple[walk.HttpVisitor, dict[str, str]]


def opened(product: Product, link: str) -> Form:
    """A browser that shows *One last thing …*, filled in."""
    visitor = walk.HttpVisitor(product.url)
    text = visitor.get(link).text
    token = walk.CSRF_FIELD.search(text)
    assert token
    answers = {"first_name": "Robin", "last_name": "Recipient", "csrfmiddlewaretoken": token[1]}
    answers |= {"password1": walk.PASSWORD, "password2": walk.PASSWORD}
    return visitor, answers | dict(walk.SHOWN_DOCUMENT.findall(text))


def press(form: Form, link: str) -> walk.Page | None:
    """Presses Start; None where the server did not accept the request."""
    visitor, answers = form
    try:
        return visitor.send(link, answers)
    except requests.ConnectionError:
        return None


def test_accounts_being_made_are_made_or_were_never_begun(
    product: Product, mail_server: Smtp
) -> None:
    addresses = [f"robin{number}@stopped-walkers.com" for number in range(IN_FLIGHT)]
    for address in addresses:
        assert walk.ask(walk.HttpVisitor(product.url), address).status == 302
    inbox = walk.SmtpInbox(mail_server)
    links = [walk.wait_for_mail(inbox, address).link() for address in addresses]
    forms = [opened(product, link) for link in links]
    first = threading.Event()

    def finish(number: int) -> walk.Page | None:
        page = press(forms[number], links[number])
        first.set()
        return page

    with ThreadPoolExecutor(IN_FLIGHT) as people:
        pages = people.map(finish, range(IN_FLIGHT))
        assert first.wait(PATIENCE)
        web = product.processes["web"]
        web.send_signal(signal.SIGTERM)
        done = dict(zip(addresses, pages, strict=True))
    assert web.wait(PATIENCE) == 0
    made = {address for address, page in done.items() if page}
    assert len(made) > 1, "Nothing was in flight."
    assert {page.location for page in done.values() if page} == {"/welcome/"}
    users = json.loads(product.manage("list_users", "stopped-walkers.com", "--json"))
    assert {user["email"] for user in users} == made
    product.start("web")
    product.wait_until_ready("web")
    for address, link in zip(addresses, links, strict=True):
        if address not in made:
            assert walk.finish(walk.HttpVisitor(product.url), link).location == "/welcome/"
    print(f"{len(made)} of {IN_FLIGHT} were finished, the others never begun.")  # noqa: T201


def test_a_worker_hands_over_what_it_has_begun_before_it_ends(
    product: Product, tmp_path: Path
) -> None:
    with raw_smtp() as slow:
        slow.slowness["BODY"] = 6
        other = replace(product, settings={**product.settings, "EMAIL_URL": slow.url}, processes={})
        product.stop("worker")
        other.start("worker")
        try:
            walk.ask(walk.HttpVisitor(product.url), "robin@slow-walkers.com")
            until(lambda: "DATA" in slow.verbs, what="a mail on its way")
            worker = other.processes["worker"]
            worker.send_signal(signal.SIGTERM)
            time.sleep(1)
            assert worker.poll() is None, "It did not wait for its task."
            assert worker.wait(PATIENCE) == 0
            assert len(slow.to("robin@slow-walkers.com")) == 1
            (mail,) = json.loads(product.manage("list_outbox", "--state", "sent", "--json"))[:1]
            assert mail["attempts"] == 1
        finally:
            other.stop("worker")
            product.start("worker")
            product.wait_until_ready("worker")


def test_the_scheduler_ends_at_once(product: Product) -> None:
    scheduler = product.processes["scheduler"]
    scheduler.send_signal(signal.SIGTERM)
    assert scheduler.wait(PATIENCE) == 0
    product.start("scheduler")
    product.wait_until_ready("scheduler")


def wait_for_others(workers: Callable[[], set[str]], before: set[str]) -> None:
    def replaced() -> bool:
        now = workers()
        return len(now) >= 2 and not now & before

    until(replaced, what="new workers")


def test_a_rolling_restart_under_load_fails_nobody(product: Product) -> None:
    over, asked = threading.Event(), count()
    answers: list[str] = []

    def go_on() -> None:
        while not over.is_set():
            number = next(asked)
            try:
                page = requests.get(f"{product.url}/signup/?n={number}", timeout=PATIENCE)
                answers.append(str(page.status_code))
            except requests.RequestException as error:
                answers.append(type(error).__name__)

    def workers() -> set[str]:
        web = product.processes["web"].pid
        return set(Path(f"/proc/{web}/task/{web}/children").read_text().split())

    with ThreadPoolExecutor(CLIENTS) as people:
        loads = [people.submit(go_on) for _ in range(CLIENTS)]
        for _ in range(RELOADS):
            before = workers()
            os.kill(product.processes["web"].pid, signal.SIGHUP)
            wait_for_others(workers, before)
            time.sleep(1)
        over.set()
        for load in loads:
            load.result(PATIENCE)
    print(f"{len(answers)} requests over {RELOADS} restarts.")  # noqa: T201
    assert len(answers) > 100
    assert set(answers) == {"200"}
