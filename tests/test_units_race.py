"""200 assignments at the same instant, on PostgreSQL: never more units than bought, and nobody is forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.postgres import Postgres

pytestmark = pytest.mark.services
AT_ONCE, UNITS = 200, 60
SCRIPT = """
import json, threading
from django.db import connection
from audit.exceptions import Refusal
from subscriptions.flows import units
from subscriptions.flows.convert import convert_subscription
from subscriptions.models import AssignedLicence, Plan, Subscription, UnitWait
from tenants.models import Domain, Tenant, User

AT_ONCE, UNITS = %d, %d
plan = Plan.objects.get(sku="ENTERPRISEPACK")
# As many at once as PostgreSQL lets in; the others press behind them.
doors = threading.BoundedSemaphore(80)

def organisation(name):
    tenant = Tenant.objects.create(name=name)
    Domain.objects.create(name=name, tenant=tenant, state="verified")
    rows = [
        User(tenant=tenant, email=f"m{n}@{name}", creation_method="admin") for n in range(AT_ONCE)
    ]
    return tenant, User.objects.bulk_create(rows)

def at_once(steps):
    barrier, refused = threading.Barrier(len(steps)), []
    def one(step):
        barrier.wait()
        with doors:
            try:
                step()
            except Refusal as refusal:
                refused.append(type(refusal).__name__)
            finally:
                connection.close()
    threads = [threading.Thread(target=one, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return refused

def seen(tenant, refused):
    subscription = Subscription.objects.get(tenant=tenant)
    return {
        "units": subscription.units,
        "used": subscription.assigned_licences.count(),
        "waiting": subscription.waits.count(),
        "refused": sorted(refused),
    }

def fresh(user):
    return User.objects.select_related("tenant").get(pk=user.pk)

def by_hand():
    tenant, people = organisation("hands.com")
    convert_subscription(tenant=tenant, plan=plan, units=UNITS, acting_user=None)
    step = lambda user: lambda: units.assign(user=fresh(user), plan=plan, acting_user=None)
    return seen(tenant, at_once([step(user) for user in people]))

def signing_in():
    tenant, people = organisation("doors.com")
    convert_subscription(tenant=tenant, plan=plan, units=UNITS, acting_user=None)
    step = lambda user: lambda: units.assign_after_sign_in(fresh(user))
    return seen(tenant, at_once([step(user) for user in people]))

def while_units_change():
    # 60 have one, 60 wait; some leave, some come, and an operator buys and gives back meanwhile.
    tenant, people = organisation("change.com")
    convert_subscription(tenant=tenant, plan=plan, units=UNITS, acting_user=None)
    for user in people[:120]:
        units.assign_after_sign_in(fresh(user))
    leave = lambda user: lambda: units.free_units(user=fresh(user), acting_user=None)
    come = lambda user: lambda: units.assign_after_sign_in(fresh(user))
    def change(number):
        return lambda: convert_subscription(tenant=tenant, plan=plan, units=number, acting_user=None)
    steps = [leave(user) for user in people[:40]] + [come(user) for user in people[120:]]
    steps += [change(number) for number in (50, 70, 55, 65) * 5]
    return seen(tenant, at_once(steps))

print(json.dumps([by_hand(), signing_in(), while_units_change()]))
"""


def test_units_are_never_assigned_twice_however_many_press_at_once(
    postgres: Postgres, tmp_path: Path
) -> None:
    product = postgres.product(tmp_path)
    script = SCRIPT % (AT_ONCE, UNITS)
    by_hand, signing_in, changing = product.told(script)
    none_left = ["NoUnitLeft"] * (AT_ONCE - UNITS)
    assert by_hand == {"units": UNITS, "used": UNITS, "waiting": 0, "refused": none_left}
    assert signing_in == {
        "units": UNITS,
        "used": UNITS,
        "waiting": AT_ONCE - UNITS,
        "refused": [],
    }
    # 40 left, whether they had a unit or a place in the line; all others have one of both.
    assert changing["used"] == changing["units"]
    assert changing["used"] + changing["waiting"] == AT_ONCE - 40
    assert set(changing["refused"]) <= {"TooFewUnits"}
