"""What all tests share: their services, and that they reach nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from limits import stores
from outbox import announcing
from rms_portal.environment import is_loopback
from rms_portal.translations import compile_catalogues
from signup import domain_lists
from tenants import role_mailboxes
from tests.audit_chains import log  # noqa: F401 -- a fixture
from tests.domain_portal import boss, firm, neighbour, operator, portal, sent  # noqa: F401 -- fixtures
from tests.domain_proofs import dns, member, tenant  # noqa: F401 -- fixtures
from tests.services import programs
from tests.services import smtp as smtp_server
from tests.services.postgres import Postgres
from tests.services.postgres import postgres as start_postgres
from tests.services.redis import Redis
from tests.services.redis import redis as start_redis

# How long an example takes says nothing on a machine that is busy with something else.
hypothesis_settings.register_profile(
    "tests", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("tests")
NETWORK_EVENTS = {"socket.connect", "socket.sendto", "socket.getaddrinfo"}


def refuse_foreign_hosts(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: a test that reaches beyond this machine fails, whatever catches errors there."""
    if event not in NETWORK_EVENTS:
        return
    address = arguments[0] if event == "socket.getaddrinfo" else arguments[1]
    host = address[0] if isinstance(address, tuple) else None
    host = address if event == "socket.getaddrinfo" else host
    if isinstance(host, bytes):
        host = host.decode()
    if host and not is_loopback(host):
        pytest.fail(f"Tests reach only the services they start, not {host}.")


def pytest_configure() -> None:
    compile_catalogues()
    sys.addaudithook(refuse_foreign_hosts)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips, by name, what needs a program that is not installed; see tests/services/programs.py."""
    for marker, needed in programs.NEEDED.items():
        if item.get_closest_marker(marker):
            for name in needed:
                programs.need(name)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with start_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    with start_redis() as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[smtp_server.Smtp]:
    with smtp_server.serving(smtp_server.Smtp()) as server:
        yield server


@pytest.fixture(autouse=True)
def forgotten_limits() -> None:
    """Tests in one process share the embedded limits, and what is remembered of lists and rules for some seconds."""
    stores.embedded(settings.VAR_DIR).clear()
    domain_lists.forget_heads()
    role_mailboxes.forget_rules()


@pytest.fixture(autouse=True)
def told_within_the_test() -> Iterator[None]:
    """Workers are told of mail a moment after its commit: no later test is in that moment, or in the silence after a
    broker that was away in this one.
    """
    yield
    timer = announcing._gatherer._timer
    if timer:
        timer.join()
    announcing._announcer._is_away = False


@pytest.fixture(autouse=True)
def language_of_nobody() -> None:
    """A page leaves its visitor's language behind in the thread, which tests share."""
    translation.deactivate()
