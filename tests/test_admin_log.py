"""The administration log of an organisation: printed by a command, shown in the administration."""

from __future__ import annotations

import datetime as dt
import json
import uuid

import pytest
from django.test import Client

from audit import origin
from audit.models import AuditEvent
from audit.services import record
from tenants.models import Tenant, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.test_commands import refusal, run, say

pytestmark = pytest.mark.django_db
COLUMNS = ["time", "user", "on_behalf_of", "action", "subject", "result", "address", "details"]


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="walkers.com")


@pytest.fixture
def administrator(tenant: Tenant) -> User:
    return UserFactory.create(tenant=tenant)


def note(tenant: Tenant, day: int, **values: object) -> AuditEvent:
    at = dt.datetime(2026, 11, day, 23, 59, tzinfo=dt.UTC)
    return AuditEvent.objects.create(
        **{"tenant_id": tenant.id, "at": at, "action": "thing.made", "subject": "thing:1"} | values
    )


def cells(*words: str) -> list[list[str]]:
    """The lines of the command after their heading."""
    heading, *lines = say("get_admin_log", "walkers.com", *words).splitlines()
    assert heading.split("\t") == COLUMNS
    return [line.split("\t") for line in lines]


def test_each_line_says_when_who_for_whom_what_from_where_and_how_it_ended(
    tenant: Tenant, administrator: User
) -> None:
    with origin.of_request(request_id="r-1", address="192.0.2.7"):
        record(
            action="user.disabled",
            subject="user:7",
            tenant_id=tenant.id,
            acting_user=administrator,
            on_behalf_of=administrator,
            result=AuditEvent.Result.REFUSED,
            details={"reason": "left\tus\nall"},
        )
    note(TenantFactory.create(name="other.com"), 1)
    (line,) = cells()
    name = administrator.email
    assert line[1:7] == [name, name, "user.disabled", "user:7", "refused", "192.0.2.7"]
    assert json.loads(line[7]) == {"reason": "left\tus\nall"}
    (row,) = run("get_admin_log", "walkers.com")
    assert (row["user"], row["user_id"]) == (name, str(administrator.id))
    assert (row["request_id"], row["result"]) == ("r-1", "refused")


HOSTILE = "a\tb\nc\rd\x0be\x0cf\x1cg\x85h\u2028i\u2029j\0k\x1b[2Jl\x9b31mm\u202en\x7fo"


@pytest.mark.parametrize("where", ["details", "subject", "action", "key"])
def test_no_value_begins_a_line_or_a_cell_or_speaks_to_a_terminal(
    tenant: Tenant, where: str
) -> None:
    values: dict[str, object] = {
        "details": {"details": {"reason": HOSTILE}},
        "key": {"details": {HOSTILE: [HOSTILE, {"x": HOSTILE}]}},
        "subject": {"subject": f"group:{HOSTILE}"},
        "action": {"action": f"x.{HOSTILE}"},
    }[where]  # type: ignore[assignment]
    note(tenant, 1, **values)
    note(tenant, 2)
    said = say("get_admin_log", "walkers.com")
    assert len(said.splitlines()) == 3
    assert all(len(line.split("\t")) == len(COLUMNS) for line in said.splitlines())
    assert all(char.isprintable() or char in "\t\n" for char in said)
    if where == "details":
        assert json.loads(cells()[0][7]) == {"reason": HOSTILE}


def test_whoever_has_no_account_any_more_is_named_by_id(tenant: Tenant) -> None:
    gone = uuid.uuid4()
    note(tenant, 1, actor_id=gone)
    assert cells()[0][1] == str(gone)


def test_a_period_is_named_by_days_or_times(tenant: Tenant) -> None:
    for day in (1, 2, 3):
        note(tenant, day)

    def days(*words: str) -> list[str]:
        return [line[0][8:10] for line in cells(*words)]

    assert days() == ["01", "02", "03"]
    assert days("--from", "2026-11-02") == ["02", "03"]
    assert days("--to", "2026-11-02") == ["01", "02"]
    assert days("--from", "2026-11-02", "--to", "2026-11-02") == ["02"]
    assert days("--to", "2026-11-02T23:58") == ["01"]
    assert days("--from", "2026-11-03T00:59+01:00") == ["02", "03"]
    assert days("--from", "0001-01-01", "--to", "9999-12-31") == ["01", "02", "03"]
    for text in ("soon", "0001-01-01T00:00+05:00"):
        words = refusal("get_admin_log", "walkers.com", "--to", text)
        assert "neither a date nor a time" in words
    assert "No tenant" in refusal("get_admin_log", "nobody.com")


def test_a_change_by_command_that_was_refused_is_in_the_log_without_its_words() -> None:
    refusal("create_operator", "no-address")
    refusal("create_operator", "no-address", "--dry-run")
    refusal("show_tenant", "nobody.com")
    event = AuditEvent.objects.get()
    assert (event.action, event.subject, event.result) == (
        "command.run",
        "command:create_operator",
        "refused",
    )
    assert "no-address" not in json.dumps(event.details)


def test_the_administration_shows_a_row_with_all_of_it(tenant: Tenant) -> None:
    event = note(tenant, 1, details={"reason": "<b>left</b>"}, on_behalf_of_id=uuid.uuid4())
    client = Client()
    client.force_login(OperatorFactory.create())
    assert str(event.on_behalf_of_id) in client.get("/admin/audit/auditevent/").text
    page = client.get(f"/admin/audit/auditevent/{event.id}/change/").text
    assert "&lt;b&gt;left&lt;/b&gt;" in page
    assert str(event.on_behalf_of_id) in page
