"""A broker that is away: whoever announces mail goes on at once, and tries again seldom."""

from __future__ import annotations

import time

import pytest
from celery import Celery

from outbox.announcing import DELIVER_TASK, SILENCE_SECONDS, Announcer
from rms_portal.settings import REDIS_BROKER_OPTIONS
from tests.services.redis import redis
from tests.services.silence import silent_server
from tests.services.waiting import free_port


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


def test_a_broker_that_refuses_connections_costs_a_moment_and_then_nothing() -> None:
    announcer = Announcer(app_at(f"redis://127.0.0.1:{free_port()}/0"))
    done, first = seconds_to_send(announcer)
    assert (done, first < 1) == (False, True)
    done, second = seconds_to_send(announcer)
    assert (done, second < 0.01) == (False, True)


def test_a_broker_that_never_answers_costs_seconds_once_and_then_nothing() -> None:
    with silent_server() as server:
        announcer = Announcer(app_at(server.url))
        done, first = seconds_to_send(announcer)
        assert (done, first < 8) == (False, True)
        done, second = seconds_to_send(announcer)
        assert (done, second < 0.01) == (False, True)


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
