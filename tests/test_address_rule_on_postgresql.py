"""The rule of addresses on PostgreSQL, which looks when a transaction ends: also where two change both sides at once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.services.product import PYTHON, ROOT
from tests.test_audit_on_postgresql import environment

pytestmark = pytest.mark.services
SAME = ("address_rule", "addresses_in_any_order", "groups")
ROUNDS = 20
AT_ONCE = """
import json, threading
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from tenants.models import Address, Domain, Tenant, User

def cast(number):
    tenants = [Tenant.objects.create(name=f"firm{number}-{one}") for one in range(2)]
    domain = Domain.objects.create(name=f"firm{number}.com", tenant=tenants[0])
    return tenants, domain

def join(domain, tenant):
    email = f"anna@{domain.name}"
    user = User.objects.create(tenant=tenant, email=email, creation_method="admin")
    Address.objects.create(address=email, user=user, domain=domain, proven_at=timezone.now())

def move(domain, source, target):
    Domain.objects.filter(pk=domain.pk).update(tenant=target)
    User.objects.filter(tenant=source).update(tenant=target)

def run(barrier, refused, verb, *arguments):
    try:
        with transaction.atomic():
            barrier.wait()
            verb(*arguments)
    except DatabaseError as error:
        refused.append(type(error).__name__)
    finally:
        connection.close()

def round(number):
    (source, target), domain = cast(number)
    barrier, refused = threading.Barrier(2), []
    threads = [
        threading.Thread(target=run, args=(barrier, refused, join, domain, source)),
        threading.Thread(target=run, args=(barrier, refused, move, domain, source, target)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    domain.refresh_from_db()
    strays = User.objects.filter(addresses__domain=domain).exclude(tenant=domain.tenant_id).count()
    return [strays, refused]

print(json.dumps([round(number) for number in range(%d)]))
"""


def test_the_same_holds_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    files = [f"tests/test_{name}.py" for name in SAME]
    done = subprocess.run(
        [PYTHON, "-m", "pytest", "-q", "-m", "not long", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env=environment(postgres, tmp_path, "tests.settings"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_of_a_move_and_a_new_account_at_the_same_instant_none_is_left_behind(
    postgres: Postgres, tmp_path: Path
) -> None:
    product = postgres.product(tmp_path)
    rounds = product.told(AT_ONCE.strip() % ROUNDS)
    assert [strays for strays, _ in rounds] == [0] * ROUNDS
    assert all(len(refused) <= 1 for _, refused in rounds)
