"""Lists in the order of a column: any up to the length that is counted, beyond it those that an index has."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import searching
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.staff import sign_in_fresh

pytestmark = pytest.mark.django_db
USERS = "/admin/tenants/user/"
ADDRESS = re.compile(r">(\w+@firm\d*\.com)<")
TOO_LONG = "too long to be sorted"
NAMES = ("zoe", "amy", "kim")


@pytest.fixture
def operator(client: Client) -> Client:
    tenant = TenantFactory.create(name="firm.com")
    for name in NAMES:
        UserFactory.create(email=f"{name}@firm.com", tenant=tenant)
    return sign_in_fresh(client, OperatorFactory.create())


@pytest.fixture
def is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "COUNTED_TO", 2)


def column(page: str, name: str) -> int:
    """Its number, by the heading's link."""
    found = re.search(rf'column-{name}">.*?\?o=-?(\d+)', page, re.DOTALL)
    assert found
    return int(found[1])


def shown(page: str) -> list[str]:
    return ADDRESS.findall(page)


def in_order_of(operator: Client, name: str, more: str = "") -> tuple[str, str]:
    """The page, and its answer to a press on the heading."""
    page = operator.get(f"{USERS}?{more}").text
    return page, operator.get(f"{USERS}?o={column(page, name)}{more}").text


def test_a_list_is_sorted_by_any_column(operator: Client) -> None:
    page, by_state = in_order_of(operator, "state")
    assert TOO_LONG not in by_state
    assert set(shown(by_state)) == set(shown(page))
    assert "column-state sorted ascending" in by_state


def test_a_long_one_says_that_it_is_too_long_and_stays_as_it_was(
    operator: Client, is_long: None
) -> None:
    page, by_state = in_order_of(operator, "state")
    assert TOO_LONG not in page
    assert TOO_LONG in by_state
    assert shown(by_state) == shown(page)
    assert "column-created_at sorted descending" in by_state
    assert "column-state sorted" not in by_state


def test_by_what_is_unique_it_is_sorted_at_any_length(operator: Client, is_long: None) -> None:
    _, by_address = in_order_of(operator, "email")
    assert TOO_LONG not in by_address
    assert shown(by_address) == sorted(f"{name}@firm.com" for name in NAMES)


def test_what_a_search_leaves_can_be_sorted(operator: Client, is_long: None) -> None:
    page = operator.get(USERS).text
    found = operator.get(f"{USERS}?o={column(page, 'state')}&q=zoe").text
    assert TOO_LONG not in found
    assert shown(found) == ["zoe@firm.com"]


def test_no_row_of_a_long_one_is_sorted(operator: Client, is_long: None) -> None:
    page = operator.get(USERS).text
    for name in ("state", "role"):
        with CaptureQueriesContext(connection) as captured:
            operator.get(f"{USERS}?o={column(page, name)}")
        asked = [query["sql"] for query in captured]
        assert not [sql for sql in asked if f'"tenants_user"."{name}" ASC' in sql]


def test_a_file_is_in_the_same_order(operator: Client, is_long: None) -> None:
    page = operator.get(USERS).text
    file, plain = (
        b"".join(operator.get(f"{USERS}export/?{query}"))
        for query in (f"o={column(page, 'state')}", "")
    )
    assert file == plain


def test_nonsense_for_a_column_is_no_error(operator: Client, is_long: None) -> None:
    for order in ("99", "-", "x.-1.99", "1.2.3.4.5.6", "0", ""):
        assert operator.get(f"{USERS}?o={order}").status_code == 200
