"""Killing a process at a step of a takeover. Runs as a program on a database of its own; prints what it saw.

Each round forks a process that carries the takeover out, and waits until a trigger, put into the database from
outside, holds it just before a step (or within its COMMIT). Then the process gets kill -9, and its connection ends
as the server would end it: at once (`cut`), or after the statement under way (`late`).
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import django
import psycopg2
from django.conf import settings

django.setup()

from django.db import connections  # noqa: E402

from outbox.models import OutboxMail  # noqa: E402
from signup.left_behind import mark_all  # noqa: E402
from signup.models import SignUp  # noqa: E402
from subscriptions.models import AssignedLicence, Subscription  # noqa: E402
from subscriptions.services import assign_unit, ensure_free_subscription  # noqa: E402
from tenants.flows import give_back, take_over  # noqa: E402
from tenants.flows.resume import resume  # noqa: E402
from tenants.models import (  # noqa: E402
    Address,
    Domain,
    DomainProof,
    GroupMembership,
    MovedRow,
    Takeover,
    TakeoverStep,
    Tenant,
    User,
)
from tenants.takeover.registry import belongings  # noqa: E402
from tests.factories import GroupFactory, SubscriptionFactory, UserFactory  # noqa: E402
from tests.left_behind import signed_up  # noqa: E402
from tests.takeovers import holder, managed, proven, unmanaged  # noqa: E402

FIRM, SHOP = "firm.com", "shop.com"
GATE, COMMIT = 4711, "commit"
GATES = """
CREATE TABLE gate (name text, is_back boolean);
INSERT INTO gate VALUES ('', false);
CREATE FUNCTION wait_at_the_gate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF EXISTS (SELECT 1 FROM gate WHERE name = NEW.name AND is_back = NEW.is_back) THEN
    PERFORM pg_advisory_xact_lock_shared(4711);
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF NEW.state IN ('done', 'undone') AND EXISTS (SELECT 1 FROM gate WHERE name = 'commit') THEN
    PERFORM pg_advisory_xact_lock_shared(4711);
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gate BEFORE INSERT ON tenants_takeoverstep FOR EACH ROW EXECUTE FUNCTION wait_at_the_gate();
CREATE CONSTRAINT TRIGGER gate AFTER UPDATE ON tenants_takeover DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW EXECUTE FUNCTION wait_at_commit();
"""
WAITING = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted"


class Outside:
    """What the test does beside the product, by a connection of its own."""

    def __init__(self) -> None:
        database = settings.DATABASES["default"]
        self.connection = psycopg2.connect(
            host=database["HOST"],
            port=database["PORT"],
            user=database["USER"],
            dbname=database["NAME"],
        )
        self.connection.autocommit = True

    def run(self, statement: str, *values: object) -> list[Any]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def until(self, statement: str, *values: object, found: bool) -> list[Any]:
        for _ in range(18_000):
            rows = self.run(statement, *values)
            if bool(rows) == found:
                return rows
            time.sleep(0.01)
        raise TimeoutError(statement)


def directory() -> User:
    """An organisation with all kinds of things that move, and the administrator of the one that takes it over."""
    shop, ada = unmanaged(SHOP, people=4), managed(FIRM)
    assert ada.tenant
    people = list(shop.users.order_by("email"))
    group, other = (GroupFactory.create(tenant=tenant, name="All") for tenant in (shop, ada.tenant))
    for user in people[:3]:
        group.memberships.create(user=user)
    other.memberships.create(user=ada)
    free = [
        ensure_free_subscription(tenant=tenant, acting_user=None) for tenant in (shop, ada.tenant)
    ]
    bought = SubscriptionFactory.create(tenant=shop)
    for user in people:
        assign_unit(subscription=free[0], user=user, acting_user=None)
    assign_unit(subscription=bought, user=people[0], acting_user=None)
    UserFactory.create(tenant=shop, email=f"gone@{SHOP}", state=User.State.DISABLED)
    for user in people[:2]:
        signed_up(user, SHOP)
    # Apart before the takeover, and together after it.
    signed_up(ada, SHOP)
    signed_up(people[0], FIRM)
    mark_all()
    return ada


def rows(queryset: Any, *names: str) -> list[Any]:
    return sorted([str(value) for value in row] for row in queryset.values_list(*names))


def people_and_things() -> dict[str, Any]:
    """What nobody may find different after a takeover was undone."""
    return {
        "tenants": rows(Tenant.objects, "pk", "name", "state"),
        "domains": rows(Domain.objects, "name", "tenant", "state"),
        "users": rows(User.objects, "pk", "tenant", "email", "role", "state", "password"),
        "addresses": rows(Address.objects, "address", "domain", "user", "group", "is_primary"),
        "memberships": rows(
            GroupMembership.objects, "group", "group__tenant", "group__name", "user"
        ),
        "subscriptions": rows(
            Subscription.objects, "pk", "tenant", "plan", "units", "cancelled_at"
        ),
        "units": rows(AssignedLicence.objects, "pk", "subscription", "user"),
        "sign_ups": rows(SignUp.objects, "pk", "domain", "user", "is_left_behind"),
    }


def all_of_it() -> dict[str, Any]:
    """And what tells of it."""
    counts = {
        model.__name__: model._default_manager.count()
        for model in (OutboxMail, TakeoverStep, MovedRow)
    }
    proofs = rows(DomainProof.objects, "pk", "tenant", "state")
    return (
        people_and_things()
        | counts
        | {"proofs": proofs, "takeovers": rows(Takeover.objects, "pk", "state")}
    )


def killed(
    outside: Outside, gate: str, *, is_back: bool, is_late: bool, work: Callable[[], object]
) -> None:
    outside.run("UPDATE gate SET name = %s, is_back = %s", gate, is_back)
    outside.run("SELECT pg_advisory_lock(4711)")
    connections.close_all()
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    ((backend,),) = outside.until(WAITING, found=True)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    if not is_late:
        outside.run("SELECT pg_terminate_backend(%s)", backend)
        outside.until("SELECT 1 FROM pg_stat_activity WHERE pid = %s", backend, found=False)
    outside.run("SELECT pg_advisory_unlock(4711)")
    outside.until("SELECT 1 FROM pg_stat_activity WHERE pid = %s", backend, found=False)
    outside.run("UPDATE gate SET name = ''")


def one_way(outside: Outside, gate: str, *, is_back: bool, is_late: bool) -> str:
    """Begun, killed, resumed: what was there after the kill."""
    before = all_of_it()
    takeover = Takeover.objects.get(state__in=("prepared", "undoing"))
    run = give_back.run if is_back else take_over.run
    killed(outside, gate, is_back=is_back, is_late=is_late, work=lambda: run(takeover.pk))
    found = all_of_it()
    resume(older_than=dt.timedelta())
    after = all_of_it()
    assert before != after
    return "before" if found == before else "after" if found == after else "between"


def there_and_back(outside: Outside, ada: User, gate: str, *, is_late: bool) -> Iterator[str]:
    assert ada.tenant
    at_first = people_and_things()
    proven(ada, SHOP)
    take_over.begin(domain_name=SHOP, target=ada.tenant, acting_user=None)  # often
    yield one_way(outside, gate, is_back=False, is_late=is_late)
    assert holder(SHOP) == ada.tenant
    takeover = give_back.get_undoable(SHOP)
    give_back.mark(takeover=takeover, acting_user=ada, reason="", is_stopped=False)
    yield one_way(outside, gate, is_back=True, is_late=is_late)
    assert people_and_things() == at_first


def main(rounds: int) -> None:
    outside = Outside()
    outside.run(GATES)
    ada = directory()
    gates = [*(belonging.name for belonging in belongings()), COMMIT]
    seen = []
    for _, gate, is_late in product(range(rounds), gates, (False, True)):
        for way, found in zip(
            ("there", "back"), there_and_back(outside, ada, gate, is_late=is_late), strict=True
        ):
            seen.append((gate, way, "late" if is_late else "cut", found))
    json.dump(seen, sys.stdout)


if __name__ == "__main__":
    main(int(sys.argv[1]))
