"""Several at once, on PostgreSQL: who takes one domain over, and who joins it meanwhile."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.services.postgres import Postgres
from tests.services.product import PYTHON, Product

pytestmark = pytest.mark.services
TAKERS, ROUNDS = 4, 8
BEGIN = """
import django, json, threading
django.setup()
from audit.exceptions import Refusal
from django.db import connection
from signup.flows import confirm
from signup.selectors import current_documents
from signup.models import SignUp
from tenants.flows import give_back, take_over
from tenants.models import Address, Domain, Takeover, User
from tests.takeovers import holder, managed, proven, unmanaged

def at_once(*works):
    barrier, threads = threading.Barrier(len(works)), []
    def do(work):
        barrier.wait()
        try:
            work()
        finally:
            connection.close()
    for work in works:
        threads.append(threading.Thread(target=do, args=(work,)))
        threads[-1].start()
    for thread in threads:
        thread.join()
"""
ONE_WINS = """
takers = [managed(f"taker{number}.com") for number in range(%d)]

def take(taker, name, outcomes):
    try:
        take_over.take_over(domain_name=name, target=taker.tenant, acting_user=taker)
        outcomes.append(["taken", str(taker.tenant_id)])
    except Refusal as refusal:
        outcomes.append([type(refusal).__name__, ""])

def race(name):
    unmanaged(name)
    for taker in takers:
        proven(taker, name)
    outcomes = []
    at_once(*(lambda taker=taker: take(taker, name, outcomes) for taker in takers))
    winners = [who for what, who in outcomes if what == "taken"]
    people = User.objects.filter(email__endswith=f"@{name}").values_list("tenant", flat=True)
    return {
        "winners": len(winners),
        "holds": {str(pk) for pk in people} == {str(holder(name).pk)} == set(winners),
        "told": sorted({what for what, who in outcomes if what != "taken"}),
        "states": sorted(Takeover.objects.filter(domain_name=name).values_list("state", flat=True)),
    }

print(json.dumps([race(f"shop{number}.com") for number in range(%d)]))
"""
JOINING = """
ACCEPTED = {document.kind: document.version for document in current_documents("en")}
ada, shop = managed("firm.com"), unmanaged("shop.com")
failures, moves = [], []

def join(number):
    address = f"joiner{number}@shop.com"
    sign_up = SignUp.objects.create(
        address=address, domain="shop.com", outcome="confirm", language="en"
    )
    try:
        confirm.complete(
            sign_up=sign_up, first_name="Jo", last_name="In", password="a long password", accepted=ACCEPTED
        )
    except Exception as error:
        failures.append(repr(error))

def joiners(start):
    for number in range(start, start + 10):
        join(number)

def move():
    for _ in range(4):
        proven(ada, "shop.com")
        take_over.take_over(domain_name="shop.com", target=ada.tenant, acting_user=ada)
        give_back.undo(domain_name="shop.com", acting_user=ada)
        moves.append(1)

at_once(move, *(lambda start=start: joiners(start) for start in (0, 100, 200)))
torn = Address.objects.exclude(user__tenant=django.db.models.F("domain__tenant")).count()
units = User.objects.filter(email__startswith="joiner", assigned_licences__isnull=True).count()
strangers = User.objects.exclude(
    assigned_licences__subscription__tenant=django.db.models.F("tenant")
).filter(email__startswith="joiner").count()
joined = User.objects.filter(email__startswith="joiner", tenant=holder("shop.com")).count()
marked = SignUp.objects.filter(user__isnull=False, is_left_behind=True).count()
print(json.dumps({"failures": failures, "moves": len(moves), "torn": torn, "joined": joined, "marked": marked,
                  "without_unit": units, "unit_of_another": strangers}))
"""

A_CIRCLE = """
from django.db import transaction
from subscriptions.models import FREE_PLAN, Subscription
from tenants.models import Tenant

ACCEPTED = {document.kind: document.version for document in current_documents("en")}
shop, failures = unmanaged("shop.com"), []
sign_up = SignUp.objects.create(
    address="joiner@shop.com", domain="shop.com", outcome="confirm", language="en"
)

def waits():
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted")
        return bool(cursor.fetchall())

def join():
    held.wait()
    try:
        confirm.complete(
            sign_up=sign_up, first_name="Jo", last_name="In", password="a long password", accepted=ACCEPTED
        )
    except Exception as error:
        failures.append(repr(error))

def move():
    with transaction.atomic():
        Tenant.objects.select_for_update().get(pk=shop.pk)
        held.set()
        while not waits():
            pass
        Subscription.objects.create(tenant=shop, plan_id=FREE_PLAN)

held = threading.Event()
at_once(join, move)
with connection.cursor() as cursor:
    cursor.execute("SELECT pg_stat_force_next_flush()") if connection.pg_version >= 150000 else None
    cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    (deadlocks,) = cursor.fetchone()
print(json.dumps({"failures": failures, "deadlocks": deadlocks,
                  "units": User.objects.get(email="joiner@shop.com").assigned_licences.count()}))
"""

A_RELEASE = """
import time
from tenants.flows import release
from tenants.models import DomainProof, Tenant
from tests.factories import UserFactory
from tests.left_behind import assert_administrators_see_what_they_may
from tests.takeovers import lost

ada, olga = managed("firm.com"), managed("other.com")
proven(ada, "shop.com")
person = UserFactory.create(tenant=ada.tenant, email="person@shop.com")
Tenant.objects.filter(pk=ada.tenant_id).update(allow_email_verified_users=False)
lost(DomainProof.objects.get(domain_name="shop.com"), days=31)
proven(olga, "shop.com")
sign_up = SignUp.objects.create(
    address="person@shop.com", domain="shop.com", outcome="add_plan", language="en"
)
person, finish, begun = User.objects.get(pk=person.pk), confirm._finish, threading.Event()

def held(*args):
    begun.set()
    time.sleep(1)
    finish(*args)

def give():
    begun.wait()
    release.release(domain_name="shop.com", reason="Sold.", acting_user=None)

confirm._finish = held
at_once(give, lambda: confirm.add_plan(sign_up=sign_up, user=person))
assert_administrators_see_what_they_may()
sign_up.refresh_from_db()
print(json.dumps([sign_up.state, holder("shop.com") == olga.tenant, sign_up.is_left_behind]))
"""


@pytest.fixture
def product(postgres: Postgres, tmp_path: Path) -> Product:
    return postgres.product(tmp_path)


def seen(product: Product, script: str) -> Any:
    done = subprocess.run(
        [PYTHON, "-c", BEGIN + script],
        cwd=product.root,
        env=product.environment | {"DJANGO_SETTINGS_MODULE": "rms_portal.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_of_several_who_take_a_domain_at_once_one_wins_and_the_others_are_told(
    product: Product,
) -> None:
    races = seen(product, ONE_WINS % (TAKERS, ROUNDS))
    assert [race["winners"] for race in races] == [1] * ROUNDS
    assert all(race["holds"] for race in races)
    told = {name for race in races for name in race["told"]}
    assert told <= {"UnderWay", "HeldByManaged", "MovedOn"}
    assert {state for race in races for state in race["states"]} <= {"done", "refused"}


@pytest.mark.long
def test_who_joins_while_the_domain_moves_is_where_the_domain_is(product: Product) -> None:
    found = seen(product, JOINING)
    assert found["failures"] == []
    assert found == {
        "failures": [],
        "moves": 4,
        "torn": 0,
        "marked": 0,
        "joined": 30,
        "without_unit": 0,
        "unit_of_another": 0,
    }


def test_who_joins_while_a_move_makes_the_same_plan_joins_after_it(product: Product) -> None:
    """The one waits for the organisation's row, which the other holds, that one for the plan that the first has made:
    PostgreSQL ends whoever waited first, and they try again.
    """
    assert seen(product, A_CIRCLE) == {"failures": [], "deadlocks": 1, "units": 1}


def test_whom_a_release_leaves_behind_while_a_plan_is_added_is_marked(product: Product) -> None:
    assert seen(product, A_RELEASE) == ["completed", True, True]
