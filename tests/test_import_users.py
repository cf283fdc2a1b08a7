"""Importing accounts: each row for itself, again without harm, and what a spreadsheet makes of the answer."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit.exporting import BEGINS_A_FORMULA, without_formula
from audit.models import AuditEvent
from outbox.models import OutboxMail
from tenants.models import Domain, Tenant, User
from tests.factories import GroupFactory, TenantFactory, UserFactory
from tests.test_commands import refusal, run, say

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    tenant = TenantFactory.create(name="walkers.com")
    Domain.objects.update(state=Domain.State.VERIFIED)
    return tenant


def file_of(folder: Path, *lines: str, encoding: str = "utf-8") -> str:
    file = folder / "people.csv"
    file.write_bytes("\r\n".join(lines).encode(encoding))
    return str(file)


def test_each_row_is_for_itself(tenant: Tenant, tmp_path: Path) -> None:
    UserFactory.create(tenant=tenant, email="here@walkers.com")
    TenantFactory.create(name="other.com")
    file = file_of(
        tmp_path,
        "Email,First_Name,Last_Name,Language,Room",
        'anna@walkers.com,Anna,"Archer, the elder",de,7',
        "no address,B,B,,",
        "HERE@walkers.com,H,H,,",
        "carl@other.com,C,C,,",
        "dora@walkers.com",
        "emil@walkers.com,E,E,tlh,",
        "Anna@walkers.com,Again,Again,,",
        f"fred@walkers.com,{'x' * 151},F,,",
        "",
        "gina@walkers.com,Gina,G,,",
    )
    answer = run("import_users", "walkers.com", file)
    assert (answer["created"], answer["exists"], answer["refused"]) == (3, 2, 4)
    assert [row["line"] for row in answer["rows_refused"]] == [3, 5, 7, 9]
    anna = User.objects.get(email="anna@walkers.com")
    assert (anna.last_name, anna.language, anna.creation_method) == (
        "Archer, the elder",
        "de",
        "admin",
    )
    assert OutboxMail.objects.filter(kind="signup.invitation").count() == 3
    assert AuditEvent.objects.filter(action="user.created").count() == 3


def test_a_second_run_makes_none_twice_and_sends_no_mail(tenant: Tenant, tmp_path: Path) -> None:
    file = file_of(tmp_path, "email", "anna@walkers.com", "bert@walkers.com")
    run("import_users", "walkers.com", file)
    before = list(User.objects.order_by("pk").values())
    again = run("import_users", "walkers.com", file)
    assert (again["created"], again["exists"]) == (0, 2)
    assert list(User.objects.order_by("pk").values()) == before
    assert OutboxMail.objects.count() == 2


def test_the_address_of_a_group_makes_no_account(tenant: Tenant, tmp_path: Path) -> None:
    GroupFactory.create(tenant=tenant, name="Sales")
    run("change_group", "walkers.com", "Sales", "--addresses", "sales@walkers.com")
    answer = run("import_users", "walkers.com", file_of(tmp_path, "email", "sales@walkers.com"))
    assert (answer["created"], answer["exists"], answer["refused"]) == (0, 0, 1)
    assert "A group has this address" in answer["rows_refused"][0]["reason"]


def test_a_dry_run_tells_what_would_be_and_leaves_nothing(tenant: Tenant, tmp_path: Path) -> None:
    file = file_of(tmp_path, "email", "anna@walkers.com", "no address")
    answer = run("import_users", "walkers.com", file, "--dry-run")
    assert (answer["dry_run"], answer["created"], answer["refused"]) == (True, 1, 1)
    assert not User.objects.exists()
    assert not OutboxMail.objects.exists()
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(tenant: Tenant, tmp_path: Path, separator: str) -> None:
    lines = (
        separator.join(row) for row in (["\ufeffemail", "first_name"], ["a@walkers.com", "Zoë"])
    )
    assert run("import_users", "walkers.com", file_of(tmp_path, *lines))["created"] == 1
    assert User.objects.get().first_name == "Zoë"


def test_what_is_no_table_is_refused(tenant: Tenant, tmp_path: Path) -> None:
    for lines in ((), ("name", "anna@walkers.com"), ("anna@walkers.com",)):
        assert "columns: email" in refusal("import_users", "walkers.com", file_of(tmp_path, *lines))
    latin = file_of(tmp_path, "email,first_name", "a@walkers.com,Zoë", encoding="latin-1")
    assert "UTF-8" in refusal("import_users", "walkers.com", latin)
    assert "cannot be opened" in refusal("import_users", "walkers.com", str(tmp_path / "none"))
    assert "No tenant has" in refusal("import_users", "other.com", latin)


def test_results_can_be_written_to_a_file_that_no_spreadsheet_runs(
    tenant: Tenant, tmp_path: Path
) -> None:
    file = file_of(tmp_path, "email", "=cmd|'/c calc'!A1@walkers.com x", "anna@walkers.com")
    results = tmp_path / "results.csv"
    said = say("import_users", "walkers.com", file, "--results", str(results))
    assert "created" in said
    rows = list(csv.DictReader(results.open(encoding="utf-8")))
    assert [(row["line"], row["result"]) for row in rows] == [("2", "refused"), ("3", "created")]
    assert not any(cell.startswith(BEGINS_A_FORMULA) for row in rows for cell in row.values())


@given(st.text())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_cell_is_a_formula(cell: str) -> None:
    safe = without_formula(cell)
    assert not safe.startswith(BEGINS_A_FORMULA)
    assert safe.removeprefix("'") == cell or safe == cell
