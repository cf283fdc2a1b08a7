"""Units that were bought, on PostgreSQL: the database itself lets nobody have more, also by code that forgets to ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.postgres import Postgres

pytestmark = pytest.mark.services
ROUNDS = 12
SCRIPT = """
import json, threading
from django.db import DatabaseError, connection, transaction
from subscriptions.models import AssignedLicence, Plan, Subscription
from tenants.models import Domain, Tenant, User

plan, seen = Plan.objects.get(sku="ENTERPRISEPACK"), {}

def organisation(name, units=1):
    tenant = Tenant.objects.create(name=name)
    Domain.objects.create(name=name, tenant=tenant, state="verified")
    people = [User.objects.create(tenant=tenant, email=f"m{n}@{name}", creation_method="admin") for n in range(3)]
    return tenant, people, Subscription.objects.create(tenant=tenant, plan=plan, units=units)

def refused(work):
    try:
        with transaction.atomic():
            work()
    except DatabaseError as error:
        return error.__cause__.diag.constraint_name
    return "done"

def give(subscription, user):
    AssignedLicence.objects.create(subscription=subscription, user=user)

def move(domain, source, target):
    Domain.objects.filter(name=domain).update(tenant=target)
    User.objects.filter(tenant=source).update(tenant=target)

# --- One who forgets to count.
tenant, people, row = organisation("one.com", units=2)
free = Subscription.objects.create(tenant=tenant, plan_id="RIGHTSMANAGEMENT_ADHOC")
seen["within"] = [refused(lambda user=user: give(row, user)) for user in people[:2]]
seen["beyond"] = refused(lambda: give(row, people[2]))
seen["fewer"] = refused(lambda: Subscription.objects.filter(pk=row.pk).update(units=1))
seen["open pool"] = [refused(lambda user=user: give(free, user)) for user in people]
other, strangers, others = organisation("two.com", units=5)
third = Tenant.objects.create(name="three.com")
seen["stranger"] = refused(lambda: give(others, people[0]))
seen["another's"] = refused(lambda: AssignedLicence.objects.filter(subscription=row).update(subscription=others))
seen["taken along"] = refused(lambda: move("one.com", tenant, other))
seen["all of it"] = refused(
    lambda: (move("one.com", tenant, third), Subscription.objects.filter(tenant=tenant).update(tenant=third))
)

# --- Two at the same instant.
def at_once(*works):
    barrier, ends = threading.Barrier(len(works)), []
    def do(work):
        def together():
            work()
            barrier.wait()
        ends.append(refused(together))
        connection.close()
    threads = [threading.Thread(target=do, args=(work,)) for work in works]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return sorted(ends)

def the_last(number):
    _, people, row = organisation(f"last{number}.com")
    ends = at_once(*(lambda user=user: give(row, user) for user in people))
    return ends.count("done"), row.assigned_licences.count()

def moved_meanwhile(number):
    tenant, people, row = organisation(f"stay{number}.com")
    target = Tenant.objects.create(name=f"go{number}.com")
    at_once(lambda: give(row, people[0]), lambda: move(f"stay{number}.com", tenant, target))
    strays = row.assigned_licences.exclude(user__tenant=row.tenant_id)
    return strays.count()

seen["last"] = [the_last(number) for number in range(%d)]
seen["strays"] = [moved_meanwhile(number) for number in range(%d)]
print(json.dumps(seen))
""" % (ROUNDS, ROUNDS)  # noqa: UP031 -- braces of Python within


def test_the_database_lets_nobody_have_more_units_than_were_bought(
    postgres: Postgres, tmp_path: Path
) -> None:
    product = postgres.product(tmp_path)
    seen = product.told(SCRIPT)
    assert seen["last"] == [[1, 1]] * ROUNDS
    assert seen["strays"] == [0] * ROUNDS
    del seen["last"], seen["strays"]
    assert seen == {
        "within": ["done", "done"],
        "beyond": "subscriptions_unit_rule",
        "fewer": "subscriptions_bought_rule",
        "open pool": ["done"] * 3,
        "stranger": "subscriptions_unit_rule",
        "another's": "subscriptions_unit_rule",
        "taken along": "subscriptions_holder_rule",
        "all of it": "done",
    }
