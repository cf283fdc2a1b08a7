"""Asks what people may do, in the database of the environment's settings.

Without arguments it prints a line of JSON: microseconds and queries, for people who were not asked about before
and for one who was. With an address it asks about that account until the answer changes, and prints when it did.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import sys
import time
from collections.abc import Callable

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
django.setup()

from django.db import connection
from django.test.utils import CaptureQueriesContext

from subscriptions.capabilities import ask
from subscriptions.models import Capability
from tenants.models import User

ASKED, AGAIN, COUNTED = 2_000, 20_000, 20
GIVE_UP = 60.0  # seconds
CHANGES = Capability.TRACK_AND_REVOKE


def main() -> None:
    if len(sys.argv) > 1:
        wait_for_a_change(sys.argv[1])
    else:
        measure()


def measure() -> None:
    people = strangers(ASKED + COUNTED)
    known = people[-1]
    ask(known, Capability.PROTECT)
    queries = [counted(user) for user in people[:COUNTED]]
    fresh = [microseconds(asking(user)) for user in people[COUNTED:]]
    again = [microseconds(asking(known)) for _ in range(AGAIN)]
    figures = {
        "fresh_us": round(statistics.median(fresh), 1),
        "fresh_99_us": round(statistics.quantiles(fresh, n=100)[98], 1),
        "fresh_queries": statistics.mode(queries),
        "remembered_us": round(statistics.median(again), 1),
        "remembered_queries": statistics.mode([counted(known) for _ in range(COUNTED)]),
    }
    print(json.dumps(figures))


def strangers(number: int) -> list[User]:
    """Anywhere in the table: ids are random."""
    everybody = User.objects.filter(tenant__isnull=False)
    ids = list(everybody.order_by().values_list("pk", flat=True))
    chosen = random.sample(ids, min(number, len(ids)))
    return list(everybody.filter(pk__in=chosen).order_by())


def asking(user: User) -> Callable[[], object]:
    return lambda: ask(user, Capability.PROTECT)


def microseconds(do: Callable[[], object]) -> float:
    begin = time.perf_counter()
    do()
    return (time.perf_counter() - begin) * 1e6


def counted(user: User) -> int:
    with CaptureQueriesContext(connection) as captured:
        ask(user, Capability.PROTECT)
    return len(captured)


def wait_for_a_change(address: str) -> None:
    user = User.objects.get(email=address)
    before = ask(user, CHANGES).allowed
    print("asking", flush=True)
    begin = time.monotonic()
    while ask(user, CHANGES).allowed == before and time.monotonic() - begin < GIVE_UP:
        time.sleep(0.02)
    print(time.time(), flush=True)


if __name__ == "__main__":
    main()
