"""The audit log on PostgreSQL: the same tests as on SQLite, and several chainers at once, some of them killed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.services.postgres import MIGRATED, Postgres
from tests.services.product import PYTHON, ROOT, clean_environment
from tests.services.waiting import PATIENCE, until

pytestmark = pytest.mark.services
SAME = ("append_only", "chain", "persons")
ROWS = 1500
BEGIN = """
import django, json, uuid
django.setup()
from django.db import connection
from audit.flows import chain
from audit.flows.verify import verify
from audit.models import AuditEvent, ChainLink
TENANTS = [uuid.UUID(int=number) for number in range(1, 4)]
chain.BATCH = 50
"""
RECORD = """
AuditEvent.objects.bulk_create(
    AuditEvent(action="thing.made", subject=f"thing:{n}", tenant_id=TENANTS[n % 3]) for n in range({rows})
)
"""
# Slowly, so that some are killed in the middle of a batch.
CHAIN = """
import time
hash_of = chain.hash_of
def slow(*args, **values):
    time.sleep(0.002)
    return hash_of(*args, **values)
chain.hash_of = slow
print("begun", flush=True)
while chain.chain_pending(everything=True) or ChainLink.objects.count() < AuditEvent.objects.count():
    pass
"""
MANY, MOST_MEGABYTES_MORE = 50_000, 10
PEAK = """
import resource, sys
for _ in range(int(sys.argv[1]) // 5000):
    AuditEvent.objects.bulk_create(
        AuditEvent(action="thing.made", subject="thing:1", tenant_id=TENANTS[n % 3]) for n in range(5000)
    )
chain.BATCH = 2000
chain.chain_pending()
assert not list(verify())
print(json.dumps([ChainLink.objects.count(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024]))
"""
LOOK = """
print(json.dumps({
    "links": ChainLink.objects.count(),
    "rows": ChainLink.objects.values("event_id").distinct().count(),
    "wrong": [finding.what for finding in verify()],
}))
"""


def environment(postgres: Postgres, folder: Path, settings: str) -> dict[str, str]:
    return clean_environment(
        DJANGO_SETTINGS_MODULE=settings,
        DATABASE_URL=postgres.migrated_url(),
        TEST_TEMPLATE=MIGRATED,
        SECRET_KEY="only-for-this-test-" * 3,
        VAR_DIR=str(folder),
        EMAIL_URL="smtp://127.0.0.1:9",
        MAIL_FROM="no-reply@rights.example.com",
    )


def links_in(url: str) -> Iterator[int]:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        cursor = connection.cursor()
        while True:
            cursor.execute("SELECT count(*) FROM audit_chainlink")
            ((count,),) = cursor.fetchall()
            yield int(count)


def test_the_same_holds_on_postgresql(postgres: Postgres, tmp_path: Path) -> None:
    files = [f"tests/test_audit_{name}.py" for name in SAME]
    done = subprocess.run(
        [PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT,
        env=environment(postgres, tmp_path, "tests.settings"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_several_chainers_and_killed_ones_chain_every_row_once(
    postgres: Postgres, tmp_path: Path
) -> None:
    variables = environment(postgres, tmp_path, "rms_portal.settings")

    def start(script: str) -> subprocess.Popen[str]:
        command = [PYTHON, "-c", BEGIN + script]
        return subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, text=True)

    def run(script: str) -> str:
        process = start(script)
        out, _ = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
        return out

    run(RECORD.replace("{rows}", str(ROWS)))
    chainers = [start(CHAIN) for _ in range(4)]
    for process in chainers:
        assert process.stdout
        process.stdout.readline()
    chained = links_in(variables["DATABASE_URL"])
    until(lambda: next(chained) > 0, what="the first links")
    for process in chainers[:2]:
        process.send_signal(signal.SIGKILL)
    assert next(chained) < ROWS, "They had finished before."
    for process in chainers:
        process.communicate(timeout=PATIENCE)
    assert json.loads(run(LOOK)) == {"links": ROWS, "rows": ROWS, "wrong": []}


@pytest.mark.long
def test_many_rows_are_chained_and_verified_in_the_memory_of_few(
    postgres: Postgres, tmp_path: Path
) -> None:
    variables = environment(postgres, tmp_path, "rms_portal.settings")

    def peak(more: int) -> list[int]:
        command = [PYTHON, "-c", BEGIN + PEAK, str(more)]
        answer: list[int] = json.loads(subprocess.check_output(command, cwd=ROOT, env=variables))
        return answer

    few, megabytes = peak(5000)
    many, more_megabytes = peak(MANY)
    assert (few, many) == (5000, 5000 + MANY)
    assert more_megabytes - megabytes < MOST_MEGABYTES_MORE
