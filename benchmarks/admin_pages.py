"""Opens the admin's long lists in the database of the environment's settings, and prints a line of JSON for
each: how long it took, how many queries, and which tables were read from end to end to find rows.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tenants.models import User

TIMES = 5
SIGN_UPS, USERS = "/admin/signup/signup/", "/admin/tenants/user/"
DOMAINS = "/admin/tenants/domain/"
UNITS = "/admin/subscriptions/assignedlicence/"
OUTBOX, AUDIT = "/admin/outbox/outboxmail/", "/admin/audit/auditevent/"
LONG = {
    "tenants_domain",
    "signup_signup",
    "tenants_user",
    "outbox_outboxmail",
    "audit_auditevent",
    "subscriptions_assignedlicence",
}
# What nearly every row has is found in the next rows, wherever one begins to read.
OF_NEARLY_ALL = {"sign-ups, completed", "users, signed up", "mails, of a kind"}
PAGES = {
    "dashboard": "/admin/",
    "sign-ups": SIGN_UPS,
    "sign-ups, second page": f"{SIGN_UPS}?p=2",
    "sign-ups, pending": f"{SIGN_UPS}?state__exact=pending",
    "sign-ups, completed": f"{SIGN_UPS}?state__exact=completed",
    "sign-ups, of a rare outcome": f"{SIGN_UPS}?outcome__exact=ask_administrator",
    "sign-ups, address begins": f"{SIGN_UPS}?q=Person-77@",
    "sign-ups, domain begins": f"{SIGN_UPS}?q=company-7.com",
    "users": USERS,
    "users, disabled": f"{USERS}?state__exact=disabled",
    "users, made by an administrator": f"{USERS}?creation_method__exact=admin",
    "users, signed up": f"{USERS}?creation_method__exact=email_verified",
    "users, address begins": f"{USERS}?q=person-77@",
    "domains": DOMAINS,
    "domains, begins": f"{DOMAINS}?q=company-7",
    "mails": OUTBOX,
    "mails, failed": f"{OUTBOX}?state__exact=failed",
    "mails, of a kind": f"{OUTBOX}?kind=signup.confirm",
    "mails, address begins": f"{OUTBOX}?q=person-77@",
    "units": UNITS,
    "units, address begins": f"{UNITS}?q=person-77@",
    "audit": AUDIT,
    "audit, refused": f"{AUDIT}?result__exact=refused",
    "audit, action begins": f"{AUDIT}?q=user.disabled",
    "audit, subject begins": f"{AUDIT}?q=user:00",
}


def main() -> None:
    client = Client(headers={"host": "127.0.0.1"})
    operator = User.objects.filter(role=User.Role.OPERATOR).first()
    assert operator is not None
    client.force_login(operator)
    for name, path in PAGES.items():
        answer = measured(client, path)
        if name in OF_NEARLY_ALL:
            answer["read_whole"] = []
        print(json.dumps({"page": name, **answer}))


def measured(client: Client, path: str) -> dict[str, Any]:
    assert client.get(path).status_code == 200, path  # the first one compiles templates
    times = [_milliseconds(client, path) for _ in range(TIMES)]
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    selects = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    read_whole = {table for sql in selects for table in searched_whole(sql)}
    return {
        "milliseconds": round(statistics.median(times), 1),
        "queries": len(captured),
        "read_whole": sorted(read_whole),
    }


def _milliseconds(client: Client, path: str) -> float:
    started = time.perf_counter()
    client.get(path)
    return 1000 * (time.perf_counter() - started)


def searched_whole(sql: str) -> Iterator[str]:
    """Tables that PostgreSQL reads from end to end to find the rows of a condition."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"), [])
        (answer,) = cursor.fetchone()
    plans = [answer[0]["Plan"]]
    while plans:
        plan = plans.pop()
        plans += plan.get("Plans", [])
        is_search = plan["Node Type"] == "Seq Scan" and "Filter" in plan
        if is_search and plan["Relation Name"] in LONG:
            yield plan["Relation Name"]


if __name__ == "__main__":
    main()
