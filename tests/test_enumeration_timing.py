"""Nobody learns from the time that an answer takes who has an account.

Method. The product as it is served: gunicorn with its two processes of eight threads, PostgreSQL, Redis,
DEBUG=false. One client, one request at a time over one kept connection; the time runs from sending a
request to having read all of its answer. Each request comes from a network of its own and is about an
address of its own, in a domain of its own, so that no limit is near. In each of 1,000 rounds there is one
request per state, in an order that is drawn anew, so that whatever else the machine does falls on all
states alike. A second group of new addresses is the control: its median differs from that of the first by
noise alone, and that much more is let pass. No worker runs: it answers nobody, and would only add noise. Passwords
are hashed for a tenth of the work, because most of it, which is the same for all (each answer hashes
once: test_throttle.py), would hide what differs. The figure is the difference
between the largest and the smallest median of all groups, less that of the control.
"""

from __future__ import annotations

import http.client
import logging
import random
import statistics
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest

from tests.account_states import CLOSED, NEW, STATES
from tests.services.postgres import Postgres
from tests.services.product import COMMANDS, Product, running, served
from tests.services.redis import Redis
from tests.strangers import network

pytestmark = [pytest.mark.services, pytest.mark.long, pytest.mark.alone]

logger = logging.getLogger(__name__)
ROUNDS = 1000
WARM_UP = 30
MOST_DIFFERENCE = 0.002  # seconds
CHECK_MAIL = "/signup/check-your-mail/"
CONTROL = "new, again"
GROUPS = (*(state for state in STATES if state != CLOSED), CONTROL)
CSRF = "a" * 32
# A closed account has no address any more: to every page it is a new one.
MAKE = """
from tests import account_states
from tests.test_enumeration_timing import GROUPS, CONTROL, NEW, addresses
for group in GROUPS:
    account_states.make(NEW if group == CONTROL else group, addresses(group))
"""

# Two mails to everybody are more than go out in an hour.
FORGET = """
from accounts.throttle import RESET_MAIL
from limits.mailing import EVERYBODY
from signup.admission import MAIL
for mailing in (MAIL, RESET_MAIL):
    mailing.at_once.forget(EVERYBODY)
"""


def addresses(group: str) -> list[str]:
    place = GROUPS.index(group)
    return [f"anna@firm-{place}-{number:04}.com" for number in range(ROUNDS + WARM_UP)]


@pytest.fixture(scope="module")
def product(
    postgres: Postgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    product = served(
        tmp_path_factory.mktemp("timed"),
        database_url=postgres.migrated_url(),
        redis_url=redis.new_url(),
        email_url="smtp://127.0.0.1:9",
        TRUSTED_PROXIES="127.0.0.1",
        LOG_LEVEL="WARNING",
        DJANGO_SETTINGS_MODULE="tests.timed_settings",
    )
    product.commands = {"web": COMMANDS["web"]}
    with running(product):
        product.manage("shell", "-c", MAKE)
        yield product


class Watch:
    """Sends forms, and takes the time."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.asked: dict[str, str] = {}

    def hang_up(self) -> None:
        """The next request connects anew, as after a pause that the server does not wait for."""
        self._connection.close()

    def post(self, path: str, fields: dict[str, str], who: str) -> tuple[float, str]:
        """Seconds, and where it leads."""
        body = urlencode({**fields, "csrfmiddlewaretoken": CSRF})
        cookie = f"csrf={CSRF}" + (f"; {self.asked[who]}" if who in self.asked else "")
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        started = time.perf_counter()
        self._connection.request("POST", path, body, {**headers, "X-Forwarded-For": network()})
        response = self._connection.getresponse()
        response.read()
        seconds = time.perf_counter() - started
        for name, value in response.getheaders():
            if name == "Set-Cookie" and value.startswith("asked="):
                self.asked[who] = value.partition(";")[0]
        return seconds, response.getheader("Location") or ""


def difference(send: Callable[[str], tuple[float, str]], leads_to: str) -> float:
    """Between the largest and the smallest median of the groups, less the control's, in seconds."""
    seconds: dict[str, list[float]] = {group: [] for group in GROUPS}
    every = {group: addresses(group) for group in GROUPS}
    for number in range(ROUNDS + WARM_UP):
        for group in random.sample(GROUPS, len(GROUPS)):
            took, location = send(every[group][number])
            assert location == leads_to, group
            seconds[group] += [took] if number >= WARM_UP else []
    medians = {group: statistics.median(times) for group, times in seconds.items()}
    noise = abs(medians[NEW] - medians[CONTROL])
    logger.warning(
        "%s; control %.3f ms",
        ", ".join(f"{group} {median * 1000:.3f} ms" for group, median in medians.items()),
        noise * 1000,
    )
    return max(medians.values()) - min(medians.values()) - noise


def test_signing_up_and_asking_again_take_the_same_time_in_every_state(product: Product) -> None:
    watch, started = Watch(product.port), time.monotonic()

    def sign_up(address: str) -> tuple[float, str]:
        return watch.post("/signup/", {"email": address}, address)

    def again(address: str) -> tuple[float, str]:
        return watch.post("/signup/resend/", {}, address)

    assert difference(sign_up, CHECK_MAIL) <= MOST_DIFFERENCE
    # One mail a minute goes to an address.
    time.sleep(max(0, 61 - (time.monotonic() - started)))
    product.manage("shell", "-c", FORGET)
    watch.hang_up()
    assert difference(again, CHECK_MAIL) <= MOST_DIFFERENCE


def test_asking_for_a_reset_takes_the_same_time_in_every_state(product: Product) -> None:
    watch = Watch(product.port)

    def reset(address: str) -> tuple[float, str]:
        return watch.post("/accounts/password/reset/", {"email": address}, "")

    assert difference(reset, "/accounts/password/reset/done/") <= MOST_DIFFERENCE


def test_a_wrong_password_takes_the_same_time_in_every_state(product: Product) -> None:
    watch = Watch(product.port)

    def sign_in(address: str) -> tuple[float, str]:
        fields = {"login": address, "password": "not what it should be"}
        return watch.post("/accounts/login/", fields, "")

    assert difference(sign_in, "") <= MOST_DIFFERENCE
