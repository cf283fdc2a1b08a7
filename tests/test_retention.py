"""What is kept of sign-ups, and how long; and that addresses of deleted accounts stay reserved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from outbox.models import MailLink, OutboxMail
from signup import services
from signup.models import Acceptance, MailPause, SignUp
from signup.tasks import purge_signups
from tenants.models import Address, User
from tests.outbox import LocalInbox
from tests.test_commands import run
from tests.walk import NOT_ME_LINK, ClientVisitor, ask, finish, sign_up

pytestmark = pytest.mark.django_db

START = dt.datetime(2027, 1, 7, 9, tzinfo=dt.UTC)
ADDRESS = "anna@walkers.com"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def browser() -> ClientVisitor:
    return ClientVisitor(Client())


def day(clock: time_machine.Traveller, number: float) -> None:
    clock.move_to(START + dt.timedelta(days=number))


def newest_link(address: str = ADDRESS) -> str:
    return LocalInbox().mails_to(address)[-1].link()


@pytest.mark.parametrize(("number", "left"), [(6.99, 1), (7, 1), (7.01, 0), (30, 0)])
def test_what_became_nothing_is_deleted_after_seven_days(
    clock: time_machine.Traveller, number: float, left: int
) -> None:
    ask(browser(), ADDRESS)
    day(clock, number)
    purge_signups()
    assert SignUp.objects.count() == left


@pytest.mark.parametrize("state", ["not_me", "answered"])
def test_so_are_requests_that_ended_otherwise(clock: time_machine.Traveller, state: str) -> None:
    ask(browser(), ADDRESS)
    SignUp.objects.update(state=state, ended_at=timezone.now())
    day(clock, 8)
    purge_signups()
    assert not SignUp.objects.exists()


def test_a_request_stays_as_long_as_a_link_of_it_is_good(clock: time_machine.Traveller) -> None:
    visitor = browser()
    ask(visitor, ADDRESS)
    first = newest_link()
    day(clock, 6.9)
    visitor.post("/signup/resend/", {})
    day(clock, 7.5)
    link = newest_link()
    assert link != first
    day(clock, 8.4)
    purge_signups()
    assert finish(browser(), link).location == "/welcome/"


def test_a_request_that_was_asked_for_again_goes_when_its_last_link_is_over(
    clock: time_machine.Traveller,
) -> None:
    visitor = browser()
    ask(visitor, ADDRESS)
    day(clock, 6.9)
    visitor.post("/signup/resend/", {})
    for number, left in ((9.8, 1), (9.91, 0)):
        day(clock, number)
        purge_signups()
        assert SignUp.objects.count() == left
    assert all(link.is_expired(timezone.now()) for link in MailLink.objects.all())


def test_pauses_end_with_their_time(clock: time_machine.Traveller) -> None:
    ask(browser(), ADDRESS)
    browser().post(LocalInbox().mails_to(ADDRESS)[-1].link(NOT_ME_LINK), {})
    day(clock, 6.9)
    purge_signups()
    assert MailPause.objects.exists()
    day(clock, 7.1)
    purge_signups()
    assert not MailPause.objects.exists()


def test_of_a_completed_sign_up_nothing_personal_stays_longer_than_a_week(
    clock: time_machine.Traveller,
) -> None:
    visitor = browser()
    ask(visitor, ADDRESS, "?ru=/open/?file=42")
    finish(visitor, newest_link())
    day(clock, 6.9)
    purge_signups()
    assert SignUp.objects.get().address == ADDRESS
    day(clock, 7.1)
    assert run("purge_signups") == {"deleted": 0, "forgotten": 1}
    row = SignUp.objects.get()
    assert (row.address, row.return_url, row.browser) == ("", "", "")
    assert (row.domain, row.state, row.user) == ("walkers.com", "completed", User.objects.get())
    assert run("purge_signups") == {"deleted": 0, "forgotten": 0}
    assert AuditEvent.objects.get(action="signups.forgotten").details == {"rows": 1}


def test_old_links_of_it_still_say_something_sensible(clock: time_machine.Traveller) -> None:
    sign_up(browser(), LocalInbox(), ADDRESS)
    mail = LocalInbox().mails_to(ADDRESS)[-1]
    day(clock, 8)
    purge_signups()
    visitor = browser()
    for link in (mail.link(), mail.link(NOT_ME_LINK)):
        for page in (visitor.get(link), visitor.post(link, {})):
            assert page.status == 404
            assert 'href="/accounts/login/"' in page.text
    assert not MailPause.objects.exists()
    assert visitor.post(mail.link().replace("confirm", "renew"), {}).location == "/signup/"
    assert OutboxMail.objects.filter(kind__startswith="signup.").count() == 1


def test_a_completed_sign_up_goes_after_a_year_and_the_account_stays(
    clock: time_machine.Traveller,
) -> None:
    sign_up(browser(), LocalInbox(), ADDRESS)
    for number, left in ((364, 1), (366, 0)):
        day(clock, number)
        purge_signups()
        assert SignUp.objects.count() == left
    assert User.objects.get().email == ADDRESS
    assert Acceptance.objects.count() == 2


def test_an_address_is_forgotten_of_completed_sign_ups_alone() -> None:
    ask(browser(), ADDRESS)
    with pytest.raises(IntegrityError), transaction.atomic():
        SignUp.objects.update(address="")


def test_a_dry_run_purges_nothing(clock: time_machine.Traveller) -> None:
    ask(browser(), ADDRESS)
    day(clock, 8)
    assert run("purge_signups", "--dry-run")["deleted"] == 1
    assert SignUp.objects.count() == 1


def test_many_are_purged_in_batches_and_what_is_new_stays(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "BATCH", 100)
    make(450)
    day(clock, 8)
    make(30)
    assert services.purge().deleted == 450
    assert SignUp.objects.count() == 30
    assert AuditEvent.objects.filter(action="signups.purged").count() == 5


def make(number: int) -> None:
    SignUp.objects.bulk_create(
        SignUp(address=f"a{n}@walkers.com", domain="walkers.com", outcome="confirm", language="en")
        for n in range(number)
    )


def test_a_request_that_is_completed_while_the_purge_runs_is_not_deleted(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(browser(), ADDRESS)
    link = newest_link()
    day(clock, 0.5)
    delete = services._delete

    def complete_first(rows: Any) -> int:
        finish(browser(), link)
        return delete(rows)

    monkeypatch.setattr(services, "_delete", complete_first)
    monkeypatch.setattr(services, "KEEP_UNFINISHED", dt.timedelta(hours=1))
    services.purge()
    assert SignUp.objects.get().user == User.objects.get()


@pytest.mark.parametrize("state", ["deleted", "disabled"])
def test_the_address_of_an_account_that_was_switched_off_stays_reserved(
    clock: time_machine.Traveller, state: str
) -> None:
    sign_up(browser(), LocalInbox(), ADDRESS)
    User.objects.update(state=state)
    day(clock, 1)
    visitor = browser()
    assert ask(visitor, "Anna@Walkers.com").location == "/signup/check-your-mail/"
    mail = LocalInbox().mails_to(ADDRESS)[-1]
    assert mail.subject == "Ask your administrator about Information Protection"
    assert "/signup/confirm/" not in mail.text


def test_a_link_that_is_older_than_the_deletion_makes_no_second_account(
    clock: time_machine.Traveller,
) -> None:
    first, second = browser(), browser()
    ask(first, ADDRESS)
    early = newest_link()
    clock.shift(dt.timedelta(minutes=2))
    ask(second, ADDRESS)
    late = newest_link()
    finish(second, late)
    User.objects.update(state="deleted")
    SignUp.objects.exclude(user__isnull=True).update(state="pending", ended_at=None, user=None)
    assert "does not let people sign up" in finish(first, early).text
    assert User.objects.count() == 1


def test_a_closed_address_is_free_again_and_inherits_nothing(
    clock: time_machine.Traveller,
) -> None:
    sign_up(browser(), LocalInbox(), ADDRESS)
    old = User.objects.get()
    Address.objects.filter(user=old).delete()
    User.objects.filter(pk=old.pk).update(state="closed", email=None)
    clock.shift(dt.timedelta(minutes=2))
    sign_up(browser(), LocalInbox(), ADDRESS)
    new = User.objects.get(email=ADDRESS)
    assert new.pk != old.pk
    assert SignUp.objects.get(user=new).user_id != old.pk
