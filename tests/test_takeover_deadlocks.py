"""Whoever changes a directory while its domain moves waits in one order: nobody waits for each other in a circle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.postgres import Postgres
from tests.services.product import Product
from tests.test_takeover_race import BEGIN, seen

pytestmark = pytest.mark.services
SECONDS = 6
assert BEGIN
SCENE = """
import time
from django.db import OperationalError
from django.utils import timezone
from tenants.addresses import parse
from tenants.flows import addresses, create, group_addresses, hand_over, oversee, prove, states
from tenants.models import DomainProof, Group
from tenants.proving.outcome import Finding, Outcome
from tests.factories import GroupFactory, UserFactory

ada, olga = managed("firm.com"), managed("other.com")
proven(ada, "shop.com")
ada = User.objects.get(pk=ada.pk)
for number in range(6):
    UserFactory.create(tenant=ada.tenant, email=f"person{number}@shop.com")
kept = UserFactory.create(tenant=ada.tenant, email="kept@firm.com", role="administrator")
group = GroupFactory.create(tenant=ada.tenant, name="All")
failures, done = [], []

def noted(work):
    try:
        work()
        done.append(1)
    except Refusal:
        pass
    except Exception as error:
        failures.append(f"{type(error).__name__}: {error}")

def deadlocks():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()") if connection.pg_version >= 150000 else None
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]
"""
# Holds a flow between its first lock and its next, until a move waits for it.
MEETING = (
    SCENE
    + """
def meet(module, name, flow, move):
    here, go = getattr(module, name), threading.Event()
    def held(*args, **kwargs):
        go.set()
        time.sleep(0.7)
        return here(*args, **kwargs)
    def after():
        go.wait(10)
        move()
    setattr(module, name, held)
    try:
        at_once(lambda: noted(flow), lambda: noted(after))
    finally:
        setattr(module, name, here)
    assert go.is_set()

def handed():
    hand_over.offer(domain_name="shop.com", tenant=ada.tenant, to=olga.tenant, acting_user=None)
    hand_over.accept(domain_name="shop.com", tenant=olga.tenant, acting_user=None)
    give_back.undo(domain_name="shop.com", acting_user=None)

def made(name):
    return create.create(address=parse(f"{name}@shop.com"), first_name="", last_name="", language="en",
                         acting_user=None)

# An account is made while its domain moves.
from tenants import vouching
meet(vouching, "require_free", lambda: made("new"), handed)

# A record is found, and one is asked for, while another organisation takes the domain.
lone = unmanaged("lone.com")
proven(ada, "lone.com")
first, second = lone.users.order_by("email")[:2]
proof = prove.request(domain_name="lone.com", actor=first, acting_user=first)
old = prove.request(domain_name="lone.com", actor=second, acting_user=second)
DomainProof.objects.filter(pk=old.pk).update(expires_at=timezone.now())
def taken():
    take_over.take_over(domain_name="lone.com", target=ada.tenant, acting_user=None)
    give_back.undo(domain_name="lone.com", acting_user=None)
    proven(User.objects.get(pk=ada.pk), "lone.com")
meet(prove, "new_value", lambda: prove.request(domain_name="lone.com", actor=second, acting_user=second), taken)
proof = prove.request(domain_name="lone.com", actor=first, acting_user=first)
meet(prove, "_remember",
     lambda: prove.note(proof_id=proof.pk, finding=Finding(Outcome.PROVEN), acting_user=first), taken)
print(json.dumps({"failures": failures, "deadlocks": deadlocks(), "done": len(done)}))
"""
)
RUSH = (
    SCENE
    + """
end = time.monotonic() + %d

def again(work):
    def loop():
        number = 0
        while time.monotonic() < end:
            number += 1
            noted(lambda: work(number))
    return loop

def there_and_back(number):
    hand_over.offer(domain_name="shop.com", tenant=ada.tenant, to=olga.tenant, acting_user=None)
    hand_over.accept(domain_name="shop.com", tenant=olga.tenant, acting_user=None)
    give_back.undo(domain_name="shop.com", acting_user=None)

def person(number):
    return User.objects.select_related("tenant").get(email__startswith=f"person{number %% 6}")

def alias(number):
    who = person(number)
    addresses.add_alias(user=who, address=parse(f"alias{number}@shop.com"), acting_user=None)
    addresses.remove_alias(user=who, address=parse(f"alias{number}@shop.com"), acting_user=None)

def account(number):
    create.create(address=parse(f"made{number}@shop.com"), first_name="", last_name="", language="en", acting_user=None)

def shut(number):
    who = person(number)
    states.disable(user=who, acting_user=None)
    states.restore(user=who, acting_user=None)

def addressed(number):
    one = Group.objects.get(pk=group.pk)
    group_addresses.set_addresses(group=one, addresses=[parse(f"all{number}@shop.com")], acting_user=None)

def proof(number):
    from tests.takeovers import proven
    proven(User.objects.get(pk=olga.pk), "shop.com")

at_once(*(again(work) for work in (there_and_back, alias, account, shut, addressed, proof)))
print(json.dumps({"failures": failures, "deadlocks": deadlocks(), "done": len(done)}))
"""
)


@pytest.fixture
def product(postgres: Postgres, tmp_path: Path) -> Product:
    return postgres.product(tmp_path)


@pytest.mark.long
def test_a_flow_that_holds_its_first_lock_while_the_domain_moves_comes_through(
    product: Product,
) -> None:
    found = seen(product, MEETING)
    assert (found["failures"], found["deadlocks"]) == ([], 0)
    assert found["done"] >= 5


@pytest.mark.long
def test_nobody_waits_in_a_circle_in_a_rush(product: Product) -> None:
    found = seen(product, RUSH % SECONDS)
    assert (found["failures"], found["deadlocks"]) == ([], 0)
    assert found["done"] >= 50
