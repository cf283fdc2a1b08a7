"""Several decide about one organisation's plans at the same instant, on PostgreSQL: each thing is done once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.postgres import Postgres

pytestmark = pytest.mark.services
ROUNDS, AT_ONCE = 6, 8
SCRIPT = """
import json, threading
from collections import Counter
from django.db import connection
from audit.exceptions import Refusal
from feed.models import Event
from subscriptions.flows import cancel, convert, orders, try_out
from subscriptions.models import Order, Plan, Subscription
from tenants.models import Domain, Tenant, User

ROUNDS, AT_ONCE = %d, %d
plan = {sku: Plan.objects.get(sku=sku) for sku in ("ENTERPRISEPACK", "AIP_PREMIUM_P1", "AIP_PREMIUM_P2")}
office, p1, p2 = plan.values()

def organisation(name):
    tenant = Tenant.objects.create(name=name, state="managed")
    Domain.objects.create(name=name, tenant=tenant, state="verified")
    boss = User.objects.create(tenant=tenant, email=f"boss@{name}", creation_method="admin", role="administrator")
    return tenant, boss

def at_once(steps):
    barrier, ends = threading.Barrier(len(steps)), []
    def one(step):
        barrier.wait()
        try:
            step()
            ends.append("done")
        except Refusal as refusal:
            ends.append(type(refusal).__name__)
        except Exception as error:
            ends.append(repr(error))
        finally:
            connection.close()
    threads = [threading.Thread(target=one, args=(step,)) for step in steps]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return Counter(ends)

def decided(number):
    tenant, boss = organisation(f"decided{number}.com")
    order = orders.place(wanted=orders.Wanted(tenant, p1, 5, 12), acting_user=boss)
    verbs = (orders.confirm, orders.refuse, orders.withdraw)
    ends = at_once([
        lambda verb=verbs[one %% 3]: verb(order=Order.objects.get(pk=order.pk), acting_user=None)
        for one in range(AT_ONCE)
    ])
    order.refresh_from_db()
    is_right = Subscription.objects.filter(tenant=tenant).exists() == (order.state == "confirmed")
    told = Event.objects.filter(tenant_id=tenant.pk, kind__startswith="order.").count()
    return [ends["done"], sum(ends.values()) - ends["done"] - ends["OrderDecided"], is_right, told]

def ordered(number):
    tenant, boss = organisation(f"ordered{number}.com")
    ends = at_once([
        lambda: orders.place(wanted=orders.Wanted(tenant, p1, 5, 12), acting_user=boss)
    ] * AT_ONCE)
    return [ends["done"], ends["OrderedAlready"], Order.objects.filter(tenant=tenant).count()]

def tried(number):
    tenant, boss = organisation(f"tried{number}.com")
    ends = at_once([lambda: try_out.start_trial(tenant=tenant, plan=p1, units=5, acting_user=boss)] * AT_ONCE)
    return [ends["done"], ends["NoTrial"], Subscription.objects.filter(tenant=tenant).count()]

def cancelled(number):
    tenant, boss = organisation(f"cancelled{number}.com")
    convert.convert_subscription(tenant=tenant, plan=p1, units=5, acting_user=None)
    ends = at_once([lambda: cancel.cancel_subscription(tenant=tenant, plan=p1, acting_user=boss)] * AT_ONCE)
    told = Event.objects.filter(tenant_id=tenant.pk, kind="subscription.cancelled").count()
    return [ends["done"], ends["NotSubscribed"], told]

def converted(number):
    # To two plans, more, fewer and cancelled, at once: the subscription stays one.
    tenant, boss = organisation(f"converted{number}.com")
    convert.convert_subscription(tenant=tenant, plan=office, units=5, acting_user=None)
    give = lambda **what: lambda: convert.convert_subscription(tenant=tenant, acting_user=None, **what)
    units = lambda number: lambda: convert.set_units(tenant=tenant, plan=office, units=number, acting_user=None)
    ends = at_once([
        give(plan=p1, instead_of=office), give(plan=p2, instead_of=office),
        give(plan=p1, instead_of=office), give(plan=p2, instead_of=office),
        units(7), units(6),
        lambda: cancel.cancel_subscription(tenant=tenant, plan=office, acting_user=boss),
    ])
    odd = set(ends) - {"done", "NotSubscribed", "SubscribedAlready", "UnitsRequired"}
    paid = Subscription.objects.filter(tenant=tenant, plan__is_free=False)
    return [sorted(odd), paid.count()]

print(json.dumps({
    work.__name__: [work(number) for number in range(ROUNDS)]
    for work in (decided, ordered, tried, cancelled, converted)
}))
""" % (ROUNDS, AT_ONCE)  # noqa: UP031 -- braces of Python within


@pytest.mark.long
def test_of_several_who_decide_at_once_one_does_and_the_others_are_told(
    postgres: Postgres, tmp_path: Path
) -> None:
    product = postgres.product(tmp_path)
    seen = product.told(SCRIPT)
    assert seen == {
        # Placed and decided: two events of an order.
        "decided": [[1, 0, True, 2]] * ROUNDS,
        "ordered": [[1, AT_ONCE - 1, 1]] * ROUNDS,
        "tried": [[1, AT_ONCE - 1, 1]] * ROUNDS,
        "cancelled": [[1, AT_ONCE - 1, 1]] * ROUNDS,
        "converted": [[[], 1]] * ROUNDS,
    }
