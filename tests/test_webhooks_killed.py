"""kill -9 while webhooks are told, on PostgreSQL: nothing is lost, and whoever was being told is told at most once more."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.services.product import Product
from tests.services.receiver import receiving
from tests.webhooks import is_genuine

pytestmark = [pytest.mark.services, pytest.mark.long]
KILLS, EACH = 30, 3
BEGIN = """
import json, os, random, signal, time, uuid
from django.db import connections, transaction
from django.utils import timezone
from feed.flows import deliver, relay
from feed.models import Delivery, Event, Kind
from feed.services import publish

tenant = uuid.UUID(int=7)
"""
KILL = """
chance, caught = random.Random(11), []
for round in range(%d):
    for _ in range(%d):
        with transaction.atomic():
            publish(kind=Kind.LICENCE_ASSIGNED, tenant_id=tenant, data={"round": round})
    connections.close_all()
    child = os.fork()
    if child == 0:
        relay.relay()
        deliver.deliver_due()
        os._exit(0)
    # Any time, or once it tells somebody: on a busy machine it comes to that late.
    while round %% 3 and Delivery.objects.filter(state="sending").count() <= sum(caught[-1:]):
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            break
        time.sleep(0.01)
    time.sleep(chance.choice((0.0, 0.02, 0.05, 0.1, 0.3, 0.6)))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    caught.append(Delivery.objects.filter(state="sending").count())
print(json.dumps(caught))
""" % (KILLS, EACH)  # noqa: UP031 -- braces of Python within
FINISH = """
while Delivery.objects.exclude(state="delivered").exists() or Event.objects.filter(number=None).exists():
    # The claims of the dead have ended.
    Delivery.objects.filter(state="sending").update(claimed_until=timezone.now())
    deliver.sweep()
    relay.relay()
    deliver.deliver_due()
print(json.dumps([str(uid) for uid in Event.objects.values_list("uid", flat=True)]))
"""


@pytest.fixture
def product(postgres: Postgres, tmp_path: Path) -> Product:
    return postgres.product(tmp_path, WEBHOOK_NETWORKS="127.0.0.0/8")


def test_what_was_being_told_when_a_worker_died_is_told_again_and_nothing_is_lost(
    product: Product,
) -> None:
    with receiving() as receiver:
        secret = json.loads(product.manage("create_webhook", receiver.url, "--json"))["secret"]
        # Every third is taken, and not answered: who tells it dies while it waits.
        receiver.answers.extend([204, 204, "hang"] * KILLS)
        caught = product.told(BEGIN + KILL)
        receiver.answers.clear()
        events = product.told(BEGIN + FINISH)
        told = list(receiver.told)
    killed_in_the_middle = caught[-1]
    assert killed_in_the_middle >= KILLS // 3, caught
    assert len(events) == KILLS * EACH
    times = Counter(one.event["id"] for one in told)
    assert set(times) == set(events)
    assert max(times.values()) <= 2
    assert sum(times.values()) - len(times) <= killed_in_the_middle
    assert all(is_genuine(one, secret) for one in told)
    # Told again, it is the same to the octet.
    assert len({one.body for one in told}) == len(events)
    assert sorted({one.event["sequence"] for one in told}) == list(range(1, len(events) + 1))
