"""kill -9 in the middle of an order with a key, on PostgreSQL: it is not half done, and done once when asked again."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.services.product import PYTHON, ROOT, Product
from tests.services.waiting import until

pytestmark = [pytest.mark.services, pytest.mark.long]
# It has done its work and does not come to commit it: another one holds the row of the organisation.
HOLD = """
import sys
from django.db import transaction
from tenants.models import Tenant
with transaction.atomic():
    Tenant.objects.select_for_update().get()
    print("held", flush=True)
    sys.stdin.read()
"""
LOOK = """
import json
from idempotency.models import RequestKey
from subscriptions.models import Subscription
paid = Subscription.objects.filter(plan__is_free=False)
print(json.dumps([list(RequestKey.objects.values_list("state", flat=True)), paid.count()]))
"""
MAKE = """
from tenants.models import Domain, Tenant
Domain.objects.create(name="firm.com", tenant=Tenant.objects.create(name="firm.com"))
"""
LATER = """
import datetime as dt
from django.utils import timezone
from idempotency.models import RequestKey
RequestKey.objects.update(claimed_at=timezone.now() - dt.timedelta(minutes=6))
"""
ORDER = ("convert_subscription", "firm.com", "--plan", "ENTERPRISEPACK", "--units", "5")
KEYED = (*ORDER, "--idempotency-key", "order-17", "--json")


@pytest.fixture
def product(postgres: Postgres, tmp_path: Path) -> Product:
    product = postgres.product(tmp_path)
    product.manage("shell", "--no-imports", "--command", MAKE)
    return product


def running(product: Product, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [PYTHON, "manage.py", *words],
        cwd=ROOT,
        env=product.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def seen(product: Product) -> tuple[list[str], int]:
    states, paid = product.told(LOOK)
    return states, paid


def test_an_order_that_was_killed_is_done_once_when_it_is_asked_for_again(
    product: Product,
) -> None:
    with running(product, "shell", "--no-imports", "--command", HOLD) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with running(product, *KEYED) as order:
            until(lambda: seen(product)[0] == ["in_flight"], what="the claim")
            order.kill()
        holder.communicate("")
    assert seen(product) == (["in_flight"], 0)
    with running(product, *KEYED) as again:
        _, said = again.communicate()
    assert again.returncode == 1
    assert "right now" in said
    product.manage("shell", "--no-imports", "--command", LATER)
    first = json.loads(product.manage(*KEYED))
    assert json.loads(product.manage(*KEYED)) == first
    assert seen(product) == (["done"], 1)
