"""The cookie of a browser that signed in before: what a thief, a forger and many accounts make of it."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.conf import settings as configured
from django.test import Client
from django.utils import timezone

from accounts.known_browsers import MOST_ACCOUNTS
from tests.digits import asked_for
from tests.factories import UserFactory
from tests.strangers import stranger
from tests.test_throttle import fail, somebody, with_digits
from tests.walk import PASSWORD, ClientVisitor, ask, sign_in

pytestmark = pytest.mark.django_db
COOKIE = configured.KNOWN_BROWSER_COOKIE_NAME
LONGEST_COOKIE = 4096  # RFC 6265, 6.1: what every browser keeps


@pytest.fixture
def address() -> str:
    return str(UserFactory.create().email)


def known(address: str) -> tuple[Client, str]:
    """A browser that signed in and out, and its cookie."""
    client = stranger()
    sign_in(ClientVisitor(client), address)
    client.post("/accounts/logout/")
    return client, client.cookies[COOKIE].value


def with_cookie(value: str) -> ClientVisitor:
    client = stranger()
    client.cookies[COOKIE] = value
    return ClientVisitor(client)


def is_known(visitor: ClientVisitor, address: str) -> bool:
    """Whether it is let in without digits where strangers are not."""
    fail(somebody("203.0.113.1"), address, 5)
    return not asked_for(sign_in(visitor, address).text)


def test_a_thief_of_the_cookie_keeps_nobody_out(address: str) -> None:
    owner, cookie = known(address)
    thief = with_cookie(cookie)
    pages = [sign_in(thief, address, "not the password at all") for _ in range(40)]
    assert sum(not asked_for(page.text) for page in pages) <= 10 + 5
    visitor = ClientVisitor(owner)
    page = sign_in(visitor, address)
    assert with_digits(visitor, page, address, PASSWORD).location == "/welcome/"


def test_the_cookie_of_one_account_says_nothing_for_another(address: str) -> None:
    _, cookie = known(str(UserFactory.create().email))
    assert not is_known(with_cookie(cookie), address)


def test_many_accounts_do_not_make_it_longer_than_browsers_keep() -> None:
    client = stranger()
    people = [str(UserFactory.create().email) for _ in range(2 * MOST_ACCOUNTS)]
    for person in people:
        assert sign_in(ClientVisitor(client), person).location == "/welcome/"
        client.post("/accounts/logout/")
    value = client.cookies[COOKIE].value
    assert len(f"{COOKIE}={value}") < LONGEST_COOKIE / 2
    assert [is_known(with_cookie(value), person) for person in people] == [
        *[False] * MOST_ACCOUNTS,
        *[True] * MOST_ACCOUNTS,
    ]


@pytest.mark.parametrize(("days", "is_good"), [(179, True), (181, False)])
def test_it_is_good_for_half_a_year(address: str, days: int, is_good: bool) -> None:
    _, cookie = known(address)
    with time_machine.travel(timezone.now() + dt.timedelta(days=days)):
        assert is_known(with_cookie(cookie), address) is is_good


def test_no_other_signed_cookie_passes_for_it_nor_it_for_another(address: str) -> None:
    client, cookie = known(address)
    ask(ClientVisitor(client), "anna@walkers.com")
    asked = client.cookies[configured.ASKING_COOKIE_NAME].value
    assert not is_known(with_cookie(asked), address)
    other = stranger()
    other.cookies[configured.ASKING_COOKIE_NAME] = cookie
    assert other.get("/signup/check-your-mail/").headers["Location"] == "/signup/"


@pytest.mark.parametrize("place", range(0, 180, 17))
def test_one_changed_sign_makes_it_nothing(address: str, place: int) -> None:
    _, cookie = known(address)
    sign = "A" if cookie[place] != "A" else "B"
    assert not is_known(with_cookie(cookie[:place] + sign + cookie[place + 1 :]), address)
