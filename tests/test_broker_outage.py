"""The broker goes away while people sign up: nobody notices, and every mail goes out afterwards by itself."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

import pytest

from tests import walk
from tests.services.postgres import Postgres
from tests.services.product import Product, running, served
from tests.services.redis import redis
from tests.services.smtp import Smtp
from tests.services.waiting import free_port, until

logger = logging.getLogger(__name__)
pytestmark = pytest.mark.services
PEOPLE_PER_SECOND = 4
# Nobody waits for a broker that refuses connections. One that takes them and is silent costs one request
# for each web process its timeout every few seconds.
SLOWEST_SECONDS = 2.5
SLOWEST_SECONDS_FROZEN = 8.0
MOST_OUTAGES = 4


@dataclass
class Crowd:
    """People who sign up, each at their own address, and what their requests took."""

    product: Product
    addresses: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def sign_up(self) -> None:
        number = next(self._numbers)
        visitor = walk.HttpVisitor(self.product.url, network=f"20.1.{number // 250}.{number % 250}")
        address = f"robin@o{number}.com"
        form = walk.CSRF_FIELD.search(visitor.get("/signup/").text)
        assert form
        fields = {"email": address, "csrfmiddlewaretoken": form[1]}
        started = time.monotonic()
        page = visitor.send("/signup/", fields)
        self.seconds.append(time.monotonic() - started)
        assert (page.status, page.location) == (302, "/signup/check-your-mail/"), page.text
        self.addresses.append(address)

    def sign_up_for(self, seconds: float) -> None:
        """A steady stream, whatever the answers take."""
        started = time.monotonic()
        with ThreadPoolExecutor(8) as people:
            asked = []
            while time.monotonic() - started < seconds:
                asked.append(people.submit(self.sign_up))
                time.sleep(1 / PEOPLE_PER_SECOND)
        for one in asked:
            one.result()

    def forget_times(self) -> float:
        """The median so far, and begins anew."""
        middle = median(self.seconds)
        self.seconds.clear()
        return middle


@pytest.fixture
def broker() -> Iterator[ExitStack]:
    """Closing it ends Redis, with everything in it."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def product(
    postgres: Postgres, broker: ExitStack, port: int, smtp: Smtp, tmp_path: Path
) -> Iterator[Product]:
    broker.enter_context(redis(port))
    with running(
        served(
            tmp_path,
            database_url=postgres.migrated_url(),
            redis_url=f"redis://127.0.0.1:{port}/0",
            email_url=smtp.url,
            TRUSTED_PROXIES="127.0.0.1",
        )
    ) as product:
        yield product


def wait_for_all(product: Product, smtp: Smtp, crowd: Crowd) -> None:
    """Every mail once, with the processes that were there before."""
    until(
        lambda: len(smtp.received) >= len(crowd.addresses),
        what=f"{len(crowd.addresses)} mails",
    )
    until(
        lambda: json.loads(product.manage("list_outbox", "--json")) == [],
        what="an empty outbox",
    )
    arrived = sorted(address for mail in smtp.received for address in mail.recipients)
    assert arrived == sorted(crowd.addresses)
    assert [name for name, process in product.processes.items() if process.poll() is not None] == []


def go_through(
    product: Product,
    smtp: Smtp,
    broker: ExitStack,
    port: int,
    seconds: float,
) -> None:
    """What else the machine begins in the middle of an outage looks like people who wait for the broker; so the
    outage comes again then. Whoever did wait for it would do so each time.
    """
    crowd = Crowd(product)
    for _ in range(MOST_OUTAGES):
        crowd.sign_up_for(3)
        crowd.forget_times()
        crowd.sign_up_for(5)
        before = crowd.forget_times()
        broker.close()
        crowd.sign_up_for(seconds)
        slowest, during = max(crowd.seconds), crowd.forget_times()
        broker.enter_context(redis(port))
        crowd.sign_up_for(3)
        wait_for_all(product, smtp, crowd)
        wrong = judged(before, during, slowest, longest=SLOWEST_SECONDS)
        if not wrong:
            return
    pytest.fail(wrong)


def judged(before: float, during: float, slowest: float, *, longest: float) -> str:
    """The figures, if somebody waited for the broker."""
    figures = f"median before {before:.4f} s, during {during:.4f} s, slowest {slowest:.3f} s"
    logger.info("Requests: %s.", figures)
    return "" if slowest < longest and during < 2 * before + 0.02 else figures


def test_a_broker_that_is_away_for_some_seconds(
    product: Product, smtp: Smtp, broker: ExitStack, port: int
) -> None:
    go_through(product, smtp, broker, port, 8)


@pytest.mark.long
def test_a_broker_that_is_away_for_ten_minutes(
    product: Product, smtp: Smtp, broker: ExitStack, port: int
) -> None:
    go_through(product, smtp, broker, port, 600)


@pytest.mark.long
def test_a_broker_that_hangs(postgres: Postgres, smtp: Smtp, tmp_path: Path) -> None:
    """It takes connections and answers nothing: requests wait for a timeout seldom, and never longer."""
    with ExitStack() as stack:
        server = stack.enter_context(redis())
        product = stack.enter_context(
            running(
                served(
                    tmp_path,
                    database_url=postgres.migrated_url(),
                    redis_url=server.url(0),
                    email_url=smtp.url,
                    TRUSTED_PROXIES="127.0.0.1",
                )
            )
        )
        crowd = Crowd(product)
        crowd.sign_up_for(3)
        before = crowd.forget_times()
        with server.frozen():
            crowd.sign_up_for(30)
        slowest, during = max(crowd.seconds), crowd.forget_times()
        crowd.sign_up_for(3)
        wait_for_all(product, smtp, crowd)
    assert not judged(before, during, slowest, longest=SLOWEST_SECONDS_FROZEN)


def test_a_broker_that_forgot_everything(
    product: Product, smtp: Smtp, broker: ExitStack, port: int
) -> None:
    """Workers were told of mail, and died with their Redis before they read it."""
    product.kill("worker")
    crowd = Crowd(product)
    crowd.sign_up_for(2)
    broker.close()
    product.forget_log("worker")
    with redis(port):
        product.start("worker")
        wait_for_all(product, smtp, crowd)
