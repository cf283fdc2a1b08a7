"""Opens the admin's long lists in the database of the environment's settings, as an operator or as the administrator of
the first organisation, and prints a line of JSON for each: how long it took, how many queries and rows, and which
tables were read from end to end to find rows.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")
django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import sessions
from benchmarks import cpu
from rms_portal.dashboard.keeping import count_anew
from rms_portal.models import Tally
from tenants.models import Address, Domain, Tenant, User
from tests.staff import sign_in_fresh

# As cheap as this, reading all of a table is looking into it.
SMALL = 50.0
SIGN_UPS, USERS = "/admin/signup/signup/", "/admin/tenants/user/"
DOMAINS, GROUPS, PROOFS = (f"/admin/tenants/{name}/" for name in ("domain", "group", "domainproof"))
UNITS, PLANS, USE = (
    f"/admin/subscriptions/{name}/" for name in ("assignedlicence", "organisationplans", "useofday")
)
OUTBOX, AUDIT = "/admin/outbox/outboxmail/", "/admin/audit/auditevent/"
LONG = {
    "tenants_domain",
    "signup_signup",
    "tenants_user",
    "outbox_outboxmail",
    "audit_auditevent",
    "subscriptions_assignedlicence",
}
# What nearly every row has, or every second, is found in the next rows, wherever one begins to read.
OF_NEARLY_ALL = {
    "sign-ups, completed",
    "sign-ups, many addresses begin",
    "users, signed up",
    "users, not for a month",
    "users, who never signed in",
    "users, many addresses begin",
    "domains, many begin",
    "mails, of a kind",
    "audit, many actions begin",
    "audit, many subjects begin",
}
FIRST_LOOK = "dashboard, first look"
LAST = "last page"
OF_BOTH = {
    "dashboard": "/admin/",
    FIRST_LOOK: "/admin/",
    "sign-ups": SIGN_UPS,
    "sign-ups, second page": f"{SIGN_UPS}?p=2",
    f"sign-ups, {LAST}": SIGN_UPS,
    "sign-ups, pending": f"{SIGN_UPS}?state__exact=pending",
    "sign-ups, completed": f"{SIGN_UPS}?state__exact=completed",
    "sign-ups, in order of a column": f"{SIGN_UPS}?o=3",
    "sign-ups, of a rare outcome": f"{SIGN_UPS}?outcome__exact=ask_administrator",
    "sign-ups, address begins": f"{SIGN_UPS}?q=Person-77@",
    "sign-ups, many addresses begin": f"{SIGN_UPS}?q=person-",
    "users": USERS,
    f"users, {LAST}": USERS,
    "users, in order of a column": f"{USERS}?o=3",
    "users, disabled": f"{USERS}?state__exact=disabled",
    "users, made by an administrator": f"{USERS}?creation_method__exact=admin",
    "users, signed up": f"{USERS}?creation_method__exact=email_verified",
    "users, administrators": f"{USERS}?role__exact=administrator",
    "users, awaiting admission": f"{USERS}?admission__exact=awaited",
    "users, signed in today": f"{USERS}?last_sign_in=1",
    "users, signed in this week": f"{USERS}?last_sign_in=7",
    "users, signed in this month": f"{USERS}?last_sign_in=30",
    "users, not for a month": f"{USERS}?last_sign_in=over-30",
    "users, not for three months": f"{USERS}?last_sign_in=over-90",
    "users, who never signed in": f"{USERS}?last_sign_in=never",
    "users, address begins": f"{USERS}?q=person-77@",
    "users, many addresses begin": f"{USERS}?q=person-",
    "domains": DOMAINS,
    "domains, begins": f"{DOMAINS}?q=company-1.com",
    "groups": GROUPS,
    "proofs": PROOFS,
    "units": UNITS,
    f"units, {LAST}": UNITS,
    "units, in order of a column": f"{UNITS}?o=3",
    "units, by hand": f"{UNITS}?how__exact=hand",
    "units, address begins": f"{UNITS}?q=person-77@",
    "use of plans": USE,
    "audit": AUDIT,
    f"audit, {LAST}": AUDIT,
    "audit, refused": f"{AUDIT}?result__exact=refused",
    "audit, action begins": f"{AUDIT}?q=user.disabled",
    "audit, many actions begin": f"{AUDIT}?q=user.",
    "audit, many subjects begin": f"{AUDIT}?q=user:",
}
OF_OPERATORS = {
    "sign-ups, domain begins": f"{SIGN_UPS}?q=company-7.com",
    "domains, many begin": f"{DOMAINS}?q=company-",
    f"domains, {LAST}": DOMAINS,
    "organisations": "/admin/tenants/tenant/",
    "plans of organisations": PLANS,
    "mails": OUTBOX,
    f"mails, {LAST}": OUTBOX,
    "mails, failed": f"{OUTBOX}?state__exact=failed",
    "mails, of a kind": f"{OUTBOX}?kind=signup.confirm",
    "mails, address begins": f"{OUTBOX}?q=person-77@",
}


def main(who: str, times: str = "5") -> None:
    client = Client(headers={"host": "127.0.0.1"})
    if who == "operator":
        user = User.objects.filter(role=User.Role.OPERATOR)[0]
    else:
        user = governing(Domain.objects.get(name="company-1.com"))
    sign_in_fresh(client, user)
    _note_use_no_more(client)
    # As the worker does for whoever has looked before.
    count_anew(user.tenant_id)
    for name, path in (OF_BOTH | (OF_OPERATORS if who == "operator" else {})).items():
        page = _last_of(client, path) if LAST in name else path
        answer = measured(client, name, page, times=int(times))
        if name in OF_NEARLY_ALL:
            answer["read_whole"] = []
        print(json.dumps({"page": name, **answer}))


def _note_use_no_more(client: Client) -> None:
    """It is noted once a minute, with queries that are none of the page's that happens to come then."""
    session = client.session
    session[sessions.USED] = time.time() + 24 * 60 * 60
    session.save()


def governing(domain: Domain) -> User:
    """The administrator of a crowd's organisation, made where there is none."""
    Tenant.objects.filter(pk=domain.tenant_id).update(state=Tenant.State.MANAGED)
    Domain.objects.filter(pk=domain.pk).update(state=Domain.State.VERIFIED)
    user, is_new = User.objects.get_or_create(
        email=f"boss@{domain.name}",
        defaults={
            "tenant_id": domain.tenant_id,
            "role": User.Role.ADMINISTRATOR,
            "creation_method": User.CreationMethod.ADMIN,
        },
    )
    if is_new:
        Address.objects.create(address=str(user.email), user=user, domain=domain)
    return user


def _last_of(client: Client, path: str) -> str:
    """The last one that is full."""
    pages = re.findall(r"\?p=(\d+)", client.get(path).text)
    return f"{path}?p={max(map(int, pages), default=2) - 1}"


def measured(client: Client, name: str, path: str, *, times: int) -> dict[str, Any]:
    assert client.get(path).status_code == 200, path  # the first one compiles templates
    visits = [_visit(client, name, path) for _ in range(times)]
    took, used = map(statistics.median, zip(*visits, strict=True))
    _prepare(name)
    with CaptureQueriesContext(connection) as captured:
        page = client.get(path).text
    selects = [query["sql"] for query in captured if query["sql"].startswith("SELECT")]
    read_whole = {table for sql in selects for table in searched_whole(sql)}
    return {
        "milliseconds": round(took, 1),
        "cpu_ms": round(used, 1),
        "queries": len(captured),
        "rows": page.count('<th class="field-'),
        "read_whole": sorted(read_whole),
    }


def _prepare(name: str) -> None:
    if name == FIRST_LOOK:
        Tally.objects.all().delete()


def _visit(client: Client, name: str, path: str) -> tuple[float, float]:
    """Milliseconds, and those of processor time: of this process, and of PostgreSQL's at the other end."""
    _prepare(name)
    started, used = time.perf_counter(), _used()
    client.get(path)
    return 1000 * (time.perf_counter() - started), 1000 * (_used() - used)


def _used() -> float:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    return time.process_time() + cpu.of_one(backend)


def searched_whole(sql: str) -> Iterator[str]:
    """Tables that PostgreSQL reads from end to end to find the rows of a condition; not those where it has enough before."""
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (FORMAT JSON) " + sql.replace("%", "%%"), [])
        (answer,) = cursor.fetchone()
    plans: list[tuple[dict[str, Any], float]] = [(answer[0]["Plan"], 0.0)]
    while plans:
        plan, enough = plans.pop()
        if plan["Node Type"] == "Limit":
            enough = plan["Plan Rows"]
        elif plan["Node Type"] in ("Sort", "Hash"):
            enough = 0.0  # all of what comes from below is needed
        plans += [(below, enough) for below in plan.get("Plans", [])]
        is_search = plan["Node Type"] == "Seq Scan" and "Filter" in plan
        is_stopped = 0 < enough < plan.get("Plan Rows", 0)
        is_long = plan.get("Relation Name") in LONG and plan["Total Cost"] > SMALL
        if is_search and is_long and not is_stopped:
            yield plan["Relation Name"]


if __name__ == "__main__":
    main(*sys.argv[1:])
