"""Far pages of long lists: found by an index alone, and with the rows that belong there."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from audit import searching
from tenants.models import Domain, User
from tests.factories import OperatorFactory, UserFactory
from tests.staff import sign_in_fresh

pytestmark = pytest.mark.django_db
PER_PAGE, PAGES = 4, 5
USERS, DOMAINS = "/admin/tenants/user/", "/admin/tenants/domain/"
ADDRESS = re.compile(r">(member\d+@firm\d+\.com)<")


@pytest.fixture
def operator(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    for model in (User, Domain):
        monkeypatch.setattr(admin.site._registry[model], "list_per_page", PER_PAGE)
    monkeypatch.setattr(searching, "NEAR", 2)
    UserFactory.create_batch(PER_PAGE * PAGES, creation_method="admin")
    return sign_in_fresh(client, OperatorFactory.create())


def pages(client: Client, path: str) -> list[str]:
    found = [client.get(f"{path}p={number}").content.decode() for number in range(1, PAGES + 2)]
    return [address for page in found for address in ADDRESS.findall(page)]


@pytest.mark.parametrize("query", ["", "creation_method__exact=admin&", "q=member&", "o=-1&"])
def test_each_row_is_on_one_page_in_the_order_of_the_list(operator: Client, query: str) -> None:
    people = User.objects.filter(tenant__isnull=False)
    if query.startswith("o"):
        people = people.order_by("-email")
    shown = pages(operator, f"{USERS}?{query}")
    assert shown == list(people.values_list("email", flat=True))


def test_a_far_page_asks_as_often_as_a_near_one_and_shows_the_same_columns(
    operator: Client,
) -> None:
    asked = []
    for number in (1, PAGES):
        with CaptureQueriesContext(connection) as captured:
            page = operator.get(f"{DOMAINS}?p={number}").content.decode()
        asked.append(len(captured))
        assert page.count('<th class="field-shown_name"') == PER_PAGE
        assert page.count('class="field-proof"') == PER_PAGE
    assert asked[0] == asked[1]


def test_what_belongs_to_rows_is_not_read_for_those_before_a_far_page(operator: Client) -> None:
    with CaptureQueriesContext(connection) as captured:
        operator.get(f"{USERS}?p={PAGES}")
    (skipping,) = (query["sql"] for query in captured if "OFFSET" in query["sql"])
    inner = skipping[skipping.index("IN (SELECT") :]
    assert "OFFSET" in inner
    assert "JOIN" not in inner
