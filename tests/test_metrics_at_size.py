"""What a scrape asks the database costs the same at a million rows."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from tests.services.postgres import Postgres
from tests.services.product import Product, served
from tests.services.redis import Redis

pytestmark = [pytest.mark.services, pytest.mark.long]
ROWS = 1_000_000
ASKING = """
import json, time
from rms_portal.metrics.gauges import _ask
list(_ask())
found = []
for _ in range(21):
    started = time.perf_counter()
    families = list(_ask())
    found.append((time.perf_counter() - started) * 1000)
assert [family.name for family in families][0] == "rms_database_up"
assert families[0].samples[0].value == 1
print(json.dumps(found))
"""
MAILS = """
INSERT INTO outbox_outboxmail (id, kind, to_address, language, context, state, created_at, attempts,
    next_attempt_at, handed_over_at, last_error)
SELECT gen_random_uuid(), 'signup.confirm', 'a' || n || '@b.com', 'en', '{}', 'sent',
    now() - interval '2 hours' - n * interval '1 second', 1, now() - n * interval '1 second',
    now() - interval '2 hours' - n * interval '1 second', ''
FROM generate_series(1, %s) n
"""
SIGN_UPS = """
INSERT INTO signup_signup (id, address, domain, outcome, state, sku, return_url, language, browser,
    created_at, ended_at)
SELECT gen_random_uuid(), 'a' || n || '@b.com', 'b.com', 'confirm', 'completed', '', '', 'en', '',
    now() - interval '2 hours' - n * interval '1 second', now()
FROM generate_series(1, %s) n
"""


def milliseconds(product: Product) -> float:
    times: list[float] = json.loads(product.manage("shell", "--no-imports", "-c", ASKING))
    return min(times)  # what else the machine does makes some of them longer


def test_a_scrape_costs_the_same_at_a_million_mails_and_sign_ups(
    postgres: Postgres, redis: Redis, tmp_path: Path
) -> None:
    product = served(
        tmp_path,
        database_url=postgres.migrated_url(),
        redis_url=redis.new_url(),
        email_url="smtp://127.0.0.1:1",
    )
    product.manage("prepare")
    empty = milliseconds(product)
    with closing(psycopg2.connect(product.settings["DATABASE_URL"])) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in (MAILS, SIGN_UPS):
                cursor.execute(statement, (ROWS,))
            cursor.execute("VACUUM ANALYZE")
    full = milliseconds(product)
    print(f"A scrape's questions: {empty:.1f} ms empty, {full:.1f} ms at {ROWS} rows.")  # noqa: T201
    assert full < 3 * empty + 20
