"""Makes accounts in the database of the environment's settings, with the triggers of the rule of addresses and without
them in turns, and prints a line of JSON for each round. Passwords are hashed cheaply: the hash is the same for both.
"""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Callable
from statistics import median

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
django.setup()

from django.conf import settings
from django.db import connection, transaction

from benchmarks import cpu
from signup.flows.confirm import complete
from signup.flows.import_users import Result, import_row
from signup.flows.request import request_sign_up
from signup.models import SignUp
from signup.selectors import current_documents
from tenants.addresses import parse
from tenants.models import Domain, Tenant

settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ROUNDS, PEOPLE, PEOPLE_PER_DOMAIN = 7, 200, 5
TRIGGERS = {
    "tenants_address": ("tenants_address_rule",),
    "tenants_user": ("tenants_user_rule", "tenants_moved_user_rule"),
}
Work = list[Callable[[], object]]


def main() -> None:
    kinds = {"sign-up completed": sign_ups, "row imported": rows}
    for make in kinds.values():
        timed(make())
    for number in range(ROUNDS):
        for what, make in kinds.items():
            print(json.dumps({"what": what, **one_round(make, begin_with=number % 2)}))


def one_round(make: Callable[[], Work], begin_with: int) -> dict[str, float]:
    found = {}
    for is_held in (True, False) if begin_with else (False, True):
        work = make()
        hold(is_held)
        found[is_held] = timed(work)
    hold(True)
    (held, held_cpu), (free, free_cpu) = found[True], found[False]
    return {
        "ms": round(held, 2),
        "without_ms": round(free, 2),
        "times": round(held / free, 3),
        "cpu_ms": round(held_cpu, 2),
        "without_cpu_ms": round(free_cpu, 2),
        "cpu_times": round(held_cpu / free_cpu, 3),
    }


def hold(is_held: bool) -> None:
    verb = "ENABLE" if is_held else "DISABLE"
    with connection.cursor() as cursor:
        for table, triggers in TRIGGERS.items():
            for trigger in triggers:
                cursor.execute(f"ALTER TABLE {table} {verb} TRIGGER {trigger}")


def timed(work: Work) -> tuple[float, float]:
    """Milliseconds for one, and those of processor time, of Python and PostgreSQL: half of them took less."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    took, used = [], []
    for make in work:
        started, before = time.perf_counter(), time.process_time() + cpu.of_one(backend)
        make()
        took.append(1000 * (time.perf_counter() - started))
        used.append(1000 * (time.process_time() + cpu.of_one(backend) - before))
    return median(took), median(used)


def sign_ups() -> Work:
    documents = {document.kind: document.version for document in current_documents("en")}
    names = [f"firm-{secrets.token_hex(8)}.com" for _ in range(PEOPLE // PEOPLE_PER_DOMAIN)]
    people = (f"person-{number}@{name}" for name in names for number in range(PEOPLE_PER_DOMAIN))
    return [completing(asked(address), documents) for address in people]


def asked(address: str) -> SignUp:
    sign_up = request_sign_up(address=parse(address), language="en").sign_up
    assert sign_up is not None
    return sign_up


def completing(sign_up: SignUp, documents: dict[str, str]) -> Callable[[], object]:
    return lambda: complete(
        sign_up=sign_up,
        first_name="Robin",
        last_name="Recipient",
        password="nine violet teapots on parade",
        accepted=documents,
    )


def rows() -> Work:
    """For one organisation, as files are."""
    tenant = Tenant.objects.create(name="An importing firm", state=Tenant.State.MANAGED)
    name = f"firm-{secrets.token_hex(8)}.com"
    Domain.objects.create(name=name, tenant=tenant, state=Domain.State.VERIFIED)
    return [importing(tenant, number, f"person-{number}@{name}") for number in range(PEOPLE)]


def importing(tenant: Tenant, line: int, address: str) -> Callable[[], object]:
    row = {"email": address, "first_name": "Robin", "last_name": "Recipient"}

    @transaction.atomic
    def one() -> None:
        done = import_row(tenant=tenant, line=line, row=row, acting_user=None)
        assert done.result is Result.CREATED, done

    return one


if __name__ == "__main__":
    main()
