"""Proving a domain as installations do: PostgreSQL, a worker of its own, and a real name server."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.services.dns import free_dns_port
from tests.services.knot import knot
from tests.services.postgres import Postgres
from tests.services.product import CELERY, PYTHON, Product, served
from tests.services.redis import Redis
from tests.services.waiting import until

pytestmark = [pytest.mark.services, pytest.mark.dns]

FIRM = "firm.com"
BEGIN = """
import django, json
django.setup()
from concurrent.futures import ThreadPoolExecutor
from audit.models import AuditEvent
from tenants.flows import prove
from tenants.models import Address, Domain, DomainProof, Tenant, User
from tenants.proving.outcome import Finding, Outcome
from tenants.takeover.exceptions import TakenAlready
from tenants.tasks import check_domain_proof

def at_once(do, things):
    with ThreadPoolExecutor(len(things)) as pool:
        return list(pool.map(do, things))

def request(user):
    return prove.request(domain_name="firm.com", actor=user, acting_user=user)
"""
COLLEAGUES = """
tenant = Tenant.objects.create(name="firm.com")
domain = Domain.objects.create(tenant=tenant, name="firm.com", state="verified")
users = [
    User.objects.create(tenant=tenant, email=f"{name}@firm.com", creation_method="admin")
    for name in ("anna", "ben")
]
for user in users:
    Address.objects.create(address=user.email, domain=domain, user=user)
values = [proof.value for proof in at_once(request, users * 8)]
asked = AuditEvent.objects.filter(action="domain.proof_requested").count()
print(json.dumps({"values": sorted(set(values)), "asked": asked}))
"""
PRESSED = """
proof = request(User.objects.get(email="anna@firm.com"))
check_domain_proof.delay(str(proof.id))
print(json.dumps({"value": proof.value}))
"""
NOTED_AT_ONCE = """
def note(proof):
    try:
        prove.note(proof_id=proof.id, finding=Finding(Outcome.PROVEN), acting_user=None)
        return "noted"
    except TakenAlready:
        return "taken"

noted = at_once(note, list(DomainProof.objects.all()) * 8)
states = sorted(DomainProof.objects.values_list("state", flat=True))
proven = AuditEvent.objects.filter(action="domain.proven").count()
print(json.dumps({"noted": sorted(set(noted)), "states": states, "proven": proven}))
"""


def run(product: Product, script: str) -> Any:
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


@pytest.fixture(scope="module")
def product(
    postgres: Postgres, redis: Redis, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("proofs")
    product = served(
        folder,
        database_url=postgres.migrated_url(),
        redis_url=redis.new_url(),
        email_url="smtp://127.0.0.1:9",
        DNS_RESOLVERS=f"127.0.0.1:{free_dns_port('127.0.0.1')}",
    )
    product.commands = {"worker": (*CELERY, "worker", "--concurrency=1")}
    try:
        yield product
    finally:
        for name in list(product.processes):
            product.stop(name)


def test_from_the_record_to_the_proof_with_everybody_at_once(product: Product) -> None:
    """Sixteen requests at once make a value for each of two colleagues; the worker asks a name server; and where
    both are found at once, one becomes the administrator.
    """
    made = run(product, COLLEAGUES)
    assert len(made["values"]) == made["asked"] == 2

    value = run(product, PRESSED)["value"]
    product.start("worker")
    product.wait_until_ready("worker")
    port = int(product.settings["DNS_RESOLVERS"].rpartition(":")[2])
    text = f'@ NS ns\nns A 127.0.0.1\n_rms-verification TXT "rms-verification={value}"\n'
    with knot({FIRM: text}, address="127.0.0.1", port=port):
        until(lambda: proven(product) == [value], what="the proof")

    assert run(product, NOTED_AT_ONCE) == {
        "noted": ["noted", "taken"],
        "states": ["proven", "waiting"],
        "proven": 1,
    }


def proven(product: Product) -> list[str]:
    rows = json.loads(product.manage("list_domain_proofs", FIRM, "--json"))
    return [row["value"] for row in rows if row["state"] == "proven"]
