"""Webhooks on PostgreSQL with a real worker: told within moments of the commit, and in any rush each once, numbered
without a gap.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.services.product import COMMANDS, Product, running, served
from tests.services.receiver import Receiver, receiving
from tests.services.redis import Redis
from tests.services.waiting import until
from tests.webhooks import is_genuine

pytestmark = pytest.mark.services
TENANTS, THREADS, EACH = 3, 12, 20
RUSH = """
import threading, uuid
from django.db import connection, transaction
from feed.flows import deliver, relay
from feed.models import Kind
from feed.services import publish

tenants = [uuid.uuid4() for _ in range(%d)]

def rush(number):
    for turn in range(%d):
        with transaction.atomic():
            publish(kind=Kind.LICENCE_ASSIGNED, tenant_id=tenants[(number + turn) %% len(tenants)], data={})
        relay.relay()
        deliver.deliver_due()
    connection.close()

threads = [threading.Thread(target=rush, args=(number,)) for number in range(%d)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
relay.relay()
deliver.deliver_due()
""" % (TENANTS, EACH, THREADS)  # noqa: UP031 -- braces of Python within


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture
def product(postgres: Postgres, redis: Redis, tmp_path: Path) -> Product:
    whole = served(
        tmp_path,
        database_url=postgres.migrated_url(),
        redis_url=redis.new_url(),
        email_url="smtp://127.0.0.1:9",
        WEBHOOK_NETWORKS="127.0.0.0/8",
    )
    return replace(whole, commands={"worker": COMMANDS["worker"]})


def test_a_worker_tells_of_a_change_as_soon_as_it_has_committed(
    product: Product, receiver: Receiver
) -> None:
    with running(product):
        made = json.loads(product.manage("create_webhook", receiver.url, "--json"))
        product.manage(
            "shell", "-c", "from tests.factories import TenantFactory as T; T(name='a.com')"
        )
        order = ("convert_subscription", "a.com", "--plan", "ENTERPRISEPACK", "--units", "5")
        product.manage(*order, "--dry-run")
        product.manage(*order)
        until(lambda: receiver.told, what="a webhook")
        (told,) = receiver.told
        assert is_genuine(told, made["secret"])
        assert (told.event["type"], told.event["data"]["units"]) == ("subscription.created", 5)


def test_in_a_rush_each_event_is_told_once_and_numbers_have_no_gap(
    product: Product, receiver: Receiver
) -> None:
    product.manage("prepare")
    product.manage("create_webhook", receiver.url)
    product.manage("shell", "-c", RUSH)
    events = receiver.events
    times = Counter(event["id"] for event in events)
    assert {uid: number for uid, number in times.items() if number > 1} == {}
    numbers: dict[str, list[int]] = {}
    for event in events:
        numbers.setdefault(event["tenant_id"], []).append(event["sequence"])
    assert len(events) == THREADS * EACH
    assert len(numbers) == TENANTS
    for found in numbers.values():
        assert sorted(found) == list(range(1, len(found) + 1))
