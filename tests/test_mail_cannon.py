"""Whatever a stranger types, and whatever they do with mailboxes of their own: no door sends mail to many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from limits.exceptions import ChallengeNeeded
from limits.limit import LIMITS
from limits.mailing import EVERYBODY, Mailing
from outbox.models import OutboxMail
from tests import digits
from tests.factories import TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.strangers import network
from tests.test_throttle import NEW, RESET, RESET_LINK
from tests.walk import ClientVisitor, Page, ask

pytestmark = pytest.mark.django_db
DONE = "/accounts/password/reset/done/"
HOUR, DAY = 3600, 86400
MAILING = "tests.mail"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def visitor() -> ClientVisitor:
    """From a network that nobody used before."""
    return ClientVisitor(Client(REMOTE_ADDR=network()))


def forget_password(address: str) -> Page:
    return visitor().post(RESET, {"email": address})


def mails() -> int:
    return OutboxMail.objects.count()


def test_a_hundred_forgotten_passwords_of_a_domain_and_then_digits() -> None:
    for number in range(100):
        assert forget_password(f"person-{number}@walkers.com").location == DONE
    somebody = visitor()
    page = somebody.post(RESET, {"email": "anna@walkers.com"})
    assert (page.status, mails()) == (200, 100)
    assert 'value="anna@walkers.com"' in page.text
    answers = {"email": "anna@walkers.com", **digits.solution(page.text)}
    assert somebody.post(RESET, answers).location == DONE
    assert mails() == 101
    assert forget_password("anna@talkers.com").location == DONE


def test_forgotten_passwords_of_strangers_need_digits_when_nobody_answers(
    clock: time_machine.Traveller,
) -> None:
    for number in range(75):
        assert forget_password(f"person@firm-{number}.com").location == DONE
    clock.shift(HOUR)
    for number in range(75, 90):
        assert digits.asked_for(forget_password(f"person@firm-{number}.com").text)
    assert mails() == 75


def test_digits_for_a_forgotten_password_tell_nothing_about_the_account() -> None:
    tenant = TenantFactory.create(name="walkers.com")
    for number in range(100):
        forget_password(f"person-{number}@walkers.com")
    UserFactory.create(tenant=tenant, email="anna@walkers.com")
    for address in ("anna@walkers.com", "nobody@walkers.com"):
        assert digits.asked_for(forget_password(address).text)


def test_who_uses_the_link_to_a_new_password_allows_more(
    clock: time_machine.Traveller, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    user = UserFactory.create(tenant=TenantFactory.create(name="walkers.com"))
    forget_password(str(user.email))
    for number in range(99):
        forget_password(f"person-{number}@walkers.com")
    link = LocalInbox().mails_to(str(user.email))[-1].link(RESET_LINK)
    owner = visitor()
    with django_capture_on_commit_callbacks(execute=True):
        owner.post(owner.get(link).location, {"password1": NEW, "password2": NEW})
    for number in range(100, 110):
        assert forget_password(f"person-{number}@walkers.com").location == DONE
    assert forget_password("person-111@walkers.com").status == 200


@pytest.mark.parametrize("send", [forget_password, lambda address: ask(visitor(), address)])
def test_one_mailbox_with_many_tags_gets_ten_mails_a_day(
    send: Callable[[str], Page], clock: time_machine.Traveller
) -> None:
    pages = [send(f"anna+{number}@walkers.com") for number in range(15)]
    assert [page.status for page in pages] == [302] * 10 + [200] * 5
    assert mails() == 10
    assert send("anna@walkers.com").status == 200, "digits, not silence: nobody is kept out"
    assert send("berta@walkers.com").status == 302
    clock.shift(DAY)
    assert send("anna+16@walkers.com").status == 302


@pytest.fixture
def mailing() -> Iterator[Mailing]:
    before = set(LIMITS)
    yield Mailing(MAILING, registered=lambda domain: domain)
    for name in set(LIMITS) - before:
        del LIMITS[name]


def goes_out(mailing: Mailing, address: str) -> bool:
    try:
        return mailing.admit(address, is_person=False)
    except ChallengeNeeded:
        return False


def answers(mailing: Mailing, domain: str, capture: Callable[..., Any]) -> None:
    with capture(execute=True):
        mailing.answered(domain)


def test_answers_of_ones_own_mailboxes_do_not_pay_for_mail_to_strangers(
    mailing: Mailing,
    clock: time_machine.Traveller,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    """An attacker with a domain signs up there as often as they like, and bombs others meanwhile."""
    sent = 0
    for number in range(1000):
        if goes_out(mailing, f"own-{number}@attacker.com"):
            answers(mailing, "attacker.com", django_capture_on_commit_callbacks)
        sent += goes_out(mailing, f"victim@firm-{number}.com")
        clock.shift(2 * HOUR)
    assert 75 <= sent <= 112, "at most 5 % of a campaign of 2,249"


def test_people_of_a_domain_that_answers_are_not_bothered_by_a_bomber(
    mailing: Mailing,
    clock: time_machine.Traveller,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    assert goes_out(mailing, "first@walkers.com")
    answers(mailing, "walkers.com", django_capture_on_commit_callbacks)
    for number in range(100):
        goes_out(mailing, f"victim@firm-{number}.com")
    clock.shift(HOUR)
    assert not goes_out(mailing, "newcomer@talkers.com")
    assert [goes_out(mailing, f"p{number}@walkers.com") for number in range(11)] == [
        *[True] * 10,
        False,
    ]


def test_a_crowd_that_answers_is_never_asked(
    mailing: Mailing,
    clock: time_machine.Traveller,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    """A company of 600 joins within two days; one in four does not finish."""
    for number in range(600):
        assert goes_out(mailing, f"p{number}@walkers.com"), number
        if number % 4:
            answers(mailing, "walkers.com", django_capture_on_commit_callbacks)
        clock.shift(300)
    assert not mailing.unanswered.is_reached(EVERYBODY) or goes_out(mailing, "p601@walkers.com")
