"""Two administrators who shut each other at the same instant, on PostgreSQL: one of them stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.postgres import Postgres

pytestmark = pytest.mark.services
ROUNDS = 30
SCRIPT = """
import json, threading
from django.db import connection
from audit.exceptions import Refusal
from tenants.flows import states
from tenants.models import Domain, Tenant, User

def pair(number, role):
    tenant = None
    if role == "administrator":
        tenant = Tenant.objects.create(name=f"firm{number}", state="managed")
        Domain.objects.create(name=f"firm{number}.com", tenant=tenant)
    return [
        User.objects.create(tenant=tenant, role=role, email=f"{role}{number}-{one}@firm{number}.com", creation_method="admin")
        for one in range(2)
    ]

def shut(verb, user, barrier, refused):
    barrier.wait()
    try:
        verb(user=User.objects.select_related("tenant").get(pk=user.pk), acting_user=None)
    except Refusal as refusal:
        refused.append(type(refusal).__name__)
    finally:
        connection.close()

def left(role, number):
    if role == "operator":
        User.objects.filter(role=role, state="active").update(state="disabled")
    users, refused, barrier = pair(number, role), [], threading.Barrier(2)
    verbs = (states.disable, states.delete, states.close)
    threads = [
        threading.Thread(target=shut, args=(verbs[(number + one) %% 3], user, barrier, refused))
        for one, user in enumerate(users)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    active = User.objects.filter(pk__in=[user.pk for user in users], state="active").count()
    return [active, refused]

print(json.dumps({role: [left(role, n) for n in range(%d)] for role in ("administrator", "operator")}))
"""


def test_of_two_who_shut_each_other_at_once_one_stays(postgres: Postgres, tmp_path: Path) -> None:
    product = postgres.product(tmp_path)
    seen = product.told(SCRIPT % ROUNDS)
    assert seen["administrator"] == [[1, ["LastAdministrator"]]] * ROUNDS
    assert seen["operator"] == [[1, ["LastOperator"]]] * ROUNDS
