"""A mail bomber's seventy days, and a company's first hour, with a moved clock."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from outbox.models import OutboxMail
from signup.models import SignUp
from tenants.models import Tenant, User
from tests import digits
from tests.outbox import LocalInbox
from tests.strangers import stranger
from tests.walk import ClientVisitor, ask, finish

pytestmark = [pytest.mark.long, pytest.mark.django_db]

CAMPAIGN = dt.timedelta(days=70)
VICTIMS = 2249
MOST = VICTIMS * 5 // 100
NETWORKS = 700


def evenly() -> Iterator[dt.timedelta]:
    """The pauses between the campaign's requests."""
    return (CAMPAIGN / VICTIMS for _ in count())


def in_bursts() -> Iterator[dt.timedelta]:
    """A day's 32 within two minutes."""
    short = dt.timedelta(seconds=3)
    return (CAMPAIGN / VICTIMS * 32 - 31 * short if n % 32 == 0 else short for n in count())


@pytest.mark.parametrize(
    ("pauses", "domains"),
    [(evenly, 1), (evenly, 400), (in_bursts, 400)],
    ids=["one domain", "hundreds of domains", "bursts"],
)
def test_a_bomber_sends_at_most_one_mail_in_twenty(
    pauses: Callable[[], Iterator[dt.timedelta]], domains: int
) -> None:
    pause = pauses()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number in range(VICTIMS):
            clock.shift(next(pause))
            network = f"198.51.{number % NETWORKS // 256}.{number % NETWORKS % 256}"
            page = ask(
                ClientVisitor(Client(REMOTE_ADDR=network)),
                f"victim-{number}@firm-{number % domains}.com",
            )
            assert page.status in {200, 302}
    sent = OutboxMail.objects.count()
    assert 0 < sent <= MOST


@pytest.mark.parametrize("domains", [1, 400])
def test_forgotten_passwords_are_no_way_around_it(domains: int) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for number, pause in zip(range(VICTIMS), evenly(), strict=False):
            clock.shift(pause)
            visitor = ClientVisitor(stranger())
            address = f"victim-{number}@firm-{number % domains}.com"
            page = visitor.post("/accounts/password/reset/", {"email": address})
            assert page.status in {200, 302}
    assert 0 < OutboxMail.objects.count() <= MOST


def test_a_thousand_colleagues_behind_one_address_get_in_within_an_hour(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    people = [f"person-{number}@walkers.com" for number in range(1000)]
    asked_for_digits = 0
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for address in people:
            clock.shift(3.5)
            visitor = ClientVisitor(Client(REMOTE_ADDR="192.0.2.1"))
            page = ask(visitor, address)
            if page.status == 200:
                asked_for_digits += 1
                answers = {"email": address} | digits.solution(page.text)
                page = visitor.post("/signup/", answers)
            assert page.location == "/signup/check-your-mail/"
            link = LocalInbox().mails_to(address)[-1].link()
            with django_capture_on_commit_callbacks(execute=True):
                assert finish(visitor, link).location == "/welcome/"
    assert Tenant.objects.count() == 1
    assert User.objects.filter(email__in=people).count() == len(people)
    assert SignUp.objects.filter(state="completed").count() == len(people)
    assert asked_for_digits < 700
