"""A broker that is away: whoever announces mail goes on at once, and tries again seldom."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from celery import Celery

from outbox.announcing import AT_ONCE, DELIVER_TASK, SILENCE_SECONDS, Announcer, Gatherer
from rms_portal.settings import REDIS_BROKER_OPTIONS
from tests.services.product import ROOT
from tests.services.redis import redis
from tests.services.silence import silent_server
from tests.services.waiting import free_port, until


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def app_at(url: str) -> Celery:
    app = Celery("announcing", broker=url, set_as_current=False)
    app.conf.broker_transport_options = REDIS_BROKER_OPTIONS
    return app


def seconds_to_send(announcer: Announcer) -> tuple[bool, float]:
    started = time.monotonic()
    done = announcer.send(DELIVER_TASK, "an-id")
    return done, time.monotonic() - started


def quickest(sendings: Iterable[tuple[bool, float]]) -> float:
    """Of several that all came to nothing: a busy machine may halt any one of them."""
    seconds = []
    for done, took in sendings:
        assert not done
        seconds.append(took)
    return min(seconds)


def test_a_broker_that_refuses_connections_costs_a_moment_and_then_nothing() -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    assert quickest(seconds_to_send(Announcer(app_at(url))) for _ in range(5)) < 1
    announcer = Announcer(app_at(url))
    announcer.send(DELIVER_TASK, "an-id")
    assert quickest(seconds_to_send(announcer) for _ in range(20)) < 0.01


def test_a_broker_that_never_answers_costs_seconds_once_and_then_nothing() -> None:
    with silent_server() as server:
        announcer = Announcer(app_at(server.url))
        assert quickest([seconds_to_send(announcer)]) < 8
        assert quickest(seconds_to_send(announcer) for _ in range(20)) < 0.01


@pytest.mark.services
def test_once_the_broker_is_back_it_is_told_again() -> None:
    clock, port = Clock(), free_port()
    announcer = Announcer(app_at(f"redis://127.0.0.1:{port}/0"), clock)
    assert not announcer.send(DELIVER_TASK, "an-id")
    with redis(port):
        assert not announcer.send(DELIVER_TASK, "an-id"), "It is silent for some seconds."
        clock.now += SILENCE_SECONDS + 1
        assert announcer.send(DELIVER_TASK, "an-id")
        assert announcer.send(DELIVER_TASK, "an-id")


@pytest.mark.services
def test_a_broker_that_lost_its_connections_is_told_at_once() -> None:
    """Redis was started again between two requests: the kept connection is dead, and replaced."""
    port = free_port()
    announcer = Announcer(app_at(f"redis://127.0.0.1:{port}/0"))
    for _ in range(2):
        with redis(port):
            assert announcer.send(DELIVER_TASK, "an-id")


class Told(Announcer):
    """Keeps what it is told instead of sending it."""

    def __init__(self) -> None:
        super().__init__(app_at("memory://"))
        self.messages: list[tuple[str, ...]] = []

    def send(self, task: str, *arguments: str, expires: float | None = None) -> bool:
        self.messages.append(arguments)
        return True


def test_what_commits_within_a_moment_is_told_in_few_messages() -> None:
    told, ids = Told(), [f"mail-{number}" for number in range(2 * AT_ONCE + 1)]
    gatherer = Gatherer(told, seconds=1)
    for mail_id in ids:
        gatherer.add(mail_id)
    until(lambda: len(told.messages) == 3, what="three messages")
    assert [mail_id for message in told.messages for mail_id in message] == ids
    gatherer.add("later")
    until(lambda: told.messages[-1] == ("later",), what="the message after the first ones")


def test_threads_that_announce_at_once_lose_nothing() -> None:
    told = Told()
    gatherer = Gatherer(told, seconds=0.001)
    ids = [str(number) for number in range(2000)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(gatherer.add, ids))
    until(lambda: sum(map(len, told.messages)) >= len(ids), what="all of them")
    assert sorted(mail_id for message in told.messages for mail_id in message) == sorted(ids)


def test_a_process_that_ends_tells_first_what_it_gathered() -> None:
    code = (
        "from outbox.announcing import Gatherer\n"
        "class Told:\n"
        "    def send(self, task, *ids): print(*ids)\n"
        "Gatherer(Told(), seconds=0.2).add('a-mail')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["a-mail"]


def test_a_process_that_was_forked_while_mail_was_gathered_tells_of_its_own() -> None:
    told = Told()
    gatherer = Gatherer(told, seconds=0.3)
    gatherer.add("before")
    child = os.fork()
    if child == 0:
        gatherer.add("after")
        with suppress(TimeoutError):
            until(lambda: told.messages, what="what the child gathered")
        os._exit(0 if told.messages and "after" in told.messages[0] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
