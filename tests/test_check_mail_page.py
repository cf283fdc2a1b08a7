"""*Check your mail* says when the mail could not be delivered: to who asked, and in our words only."""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from django.test import Client
from django.utils import timezone, translation

from outbox.models import OutboxMail
from signup.models import MailPause
from tenants.models import User
from tests.factories import TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.walk import ClientVisitor, ask

pytestmark = pytest.mark.django_db
ADDRESS = "anna@walkers.com"
PAGE = "/signup/check-your-mail/"
WORDS = "550 5.1.1 <anna@walkers.com>: Recipient address rejected: User unknown"


def fail(state: str = "failed") -> None:
    OutboxMail.objects.update(state=state, failed_at=timezone.now(), last_error=WORDS)


def page_of(client: Client) -> str:
    return client.get(PAGE).content.decode()


@pytest.fixture
def asked(client: Client) -> Client:
    ask(ClientVisitor(client), ADDRESS)
    return client


@pytest.mark.parametrize("state", ["failed", "bounced"])
def test_a_mail_that_could_not_be_delivered_is_told_with_what_to_do(
    asked: Client, state: str
) -> None:
    fail(state)
    page = page_of(asked)
    assert "could not be delivered" in page
    assert "Check the spelling" in page
    assert "ask your IT department" in page
    assert 'href="/signup/"' in page
    for words in ("550", "rejected", "unknown"):
        assert words not in bare(page).lower()


def test_another_session_that_asked_for_the_same_address_learns_nothing_of_it(
    asked: Client,
) -> None:
    fail()
    other = Client()
    ask(ClientVisitor(other), ADDRESS)
    assert "could not be delivered" not in page_of(other)
    assert Client().get(PAGE).status_code == 302


def test_the_newest_mail_counts(asked: Client) -> None:
    fail()
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=2)):
        asked.post("/signup/resend/")
        assert OutboxMail.objects.count() == 2
        assert "could not be delivered" not in page_of(asked)


def test_a_mail_that_waits_after_a_failure_is_told(asked: Client) -> None:
    assert "keep trying" not in page_of(asked)
    OutboxMail.objects.update(last_error="451 4.3.0 try again later", attempts=1)
    page = page_of(asked)
    assert "keep trying" in page
    assert "451" not in bare(page)
    LocalInbox().mails_to(ADDRESS)
    assert "keep trying" not in page_of(asked)


def test_no_mail_at_all_looks_like_one_that_is_on_its_way(asked: Client) -> None:
    usual = page_of(asked)
    MailPause.objects.create(address=ADDRESS, until=timezone.now() + dt.timedelta(days=1))
    paused = Client()
    ask(ClientVisitor(paused), ADDRESS)
    assert OutboxMail.objects.count() == 1
    assert bare(page_of(paused)) == bare(usual)


@pytest.mark.parametrize("delivery", ["waits", "failed"])
def test_the_page_is_the_same_whatever_the_account_is(delivery: str) -> None:
    tenant = TenantFactory.create(name="walkers.com")
    pages = set()
    accounts = [state for state in User.State.values if state != User.State.CLOSED]
    for account in ("none", *accounts):
        address = f"{account}@walkers.com"
        if account != "none":
            UserFactory.create(tenant=tenant, email=address, state=account)
        client = Client()
        ask(ClientVisitor(client), address)
        if delivery == "failed":
            fail()
        pages.add(bare(page_of(client)).replace(address, "ADDRESS"))
    assert OutboxMail.objects.count() == len(accounts) + 1
    assert len(pages) == 1


def bare(page: str) -> str:
    """Without what differs each time."""
    return re.sub(r'value="[^"]{64}"', "", page)


def test_it_is_told_in_german_too(asked: Client) -> None:
    fail()
    with translation.override("de"):
        page = asked.get(PAGE, headers={"accept-language": "de"}).content.decode()
    assert "konnte nicht zugestellt werden" in page
