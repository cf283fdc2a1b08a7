"""Members read on their pages who wants to govern their organisation, and who does."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from tenants.flows import prove, take_over
from tenants.models import TakeoverNotice, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.staff import sign_in_fresh
from tests.takeovers import proven

pytestmark = pytest.mark.django_db

ASKED = "Somebody wants to administer your organisation"
PAGES = ("/account/", "/welcome/")


@pytest.fixture
def mina() -> User:
    return UserFactory.create(tenant=TenantFactory.create(name="firm.com"), email="mina@firm.com")


@pytest.fixture
def colleague(mina: User) -> User:
    return UserFactory.create(tenant=mina.tenant, email="col@firm.com")


@pytest.fixture
def session(client: Client, colleague: User) -> Client:
    client.force_login(colleague)
    return client


def told(client: Client, words: str) -> bool:
    pages = [client.get(path).content.decode() for path in PAGES]
    found = {words in page for page in pages}
    assert len(found) == 1
    return found.pop()


def asked(user: User) -> None:
    prove.request(domain_name="firm.com", actor=user, acting_user=user)


def test_everybody_reads_who_asks_and_what_it_means(
    session: Client, mina: User, settings: Settings
) -> None:
    assert not told(session, ASKED)
    settings.SUPPORT_EMAIL = "help@rights.example.com"
    asked(mina)
    page = session.get("/account/").content.decode()
    for words in (ASKED, "mina@firm.com", "Nothing has changed yet", "help@rights.example.com"):
        assert words in page
    stranger = Client()
    stranger.force_login(UserFactory.create())
    assert not told(stranger, ASKED)


def test_everybody_reads_who_became_the_administrator(session: Client, mina: User) -> None:
    proven(mina, "firm.com")
    page = session.get("/account/").content.decode()
    assert "Your organisation has an administrator now" in page
    assert "nobody of the organisation can delete your account" in page
    assert ASKED not in page


def test_an_external_takeover_is_told_before_and_after(session: Client, colleague: User) -> None:
    boss = UserFactory.create(tenant=TenantFactory.create(name="contoso.com"))
    proven(boss, "contoso.com")
    boss.refresh_from_db()
    proven(boss, "firm.com")
    assert told(session, "Another organisation proved firm.com")
    assert boss.tenant
    take_over.take_over(domain_name="firm.com", target=boss.tenant, acting_user=boss)
    assert told(session, "contoso.com administers your account now")
    assert not told(session, "Your organisation has an administrator now")
    sign_in_fresh(client := Client(), boss)
    assert b"administers your account now" not in client.get("/admin/").content


def test_whoever_asks_or_became_it_is_not_told_so(client: Client, mina: User) -> None:
    client.force_login(mina)
    asked(mina)
    assert not told(client, ASKED)
    proven(mina, "firm.com")
    assert not told(client, "has an administrator now")


def test_what_was_read_is_put_away_in_this_session(
    session: Client, mina: User, colleague: User
) -> None:
    asked(mina)
    notice = TakeoverNotice.objects.get()
    away = f"/account/notices/{notice.pk}/dismiss/"
    assert away in session.get("/account/").content.decode()
    answer = session.post(away, {"next": "/welcome/"})
    assert answer.headers["Location"] == "/welcome/"
    assert not told(session, ASKED)
    elsewhere = Client()
    elsewhere.force_login(colleague)
    assert told(elsewhere, ASKED)
    proven(mina, "firm.com")
    assert told(session, "Your organisation has an administrator now")


@pytest.mark.parametrize("there", ["//evil.test/", "https://evil.test/", "javascript:alert(1)", ""])
def test_putting_away_leads_nowhere_else(session: Client, mina: User, there: str) -> None:
    asked(mina)
    notice = TakeoverNotice.objects.get()
    answer = session.post(f"/account/notices/{notice.pk}/dismiss/", {"next": there})
    assert answer.headers["Location"] == "/account/"


def test_somebody_elses_notice_is_not_put_away(mina: User) -> None:
    asked(mina)
    client = Client()
    client.force_login(UserFactory.create())
    client.post(f"/account/notices/{TakeoverNotice.objects.get().pk}/dismiss/")
    assert "takeover_notices_read" not in client.session


def test_after_a_week_it_is_no_news_any_more(session: Client, mina: User, colleague: User) -> None:
    asked(mina)
    with time_machine.travel(timezone.now() + dt.timedelta(days=8)):
        session.force_login(colleague)
        assert not told(session, ASKED)


def test_it_costs_one_question_for_who_was_told_nothing(
    session: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    operator = Client()
    operator.force_login(OperatorFactory.create())
    operator.get("/account/")
    session.get("/account/")
    with django_assert_num_queries(3) as of_operator:
        operator.get("/accounts/password/change/")
    with django_assert_num_queries(len(of_operator.captured_queries) + 1):
        session.get("/accounts/password/change/")
