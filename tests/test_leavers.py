"""Whoever signed up proves the mailbox again every 90 days, by one pressed mail; until then nothing opens."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.flows import prove_mailbox
from accounts.tasks import ask_for_mailbox_proofs
from audit.models import AuditEvent
from outbox import links
from outbox.models import OutboxMail
from signup.models import MailPause
from tenants.models import Address, User
from tenants.standing import Standing, opening
from tests.factories import UserFactory
from tests.german import english_in, visible
from tests.outbox import LocalInbox
from tests.walk import PASSWORD, ClientVisitor, Mail, ask, finish, sign_in, sign_up

pytestmark = pytest.mark.django_db

START = dt.datetime(2026, 1, 7, 9, tzinfo=dt.UTC)
ADDRESS = "anna@walkers.com"
LINK = re.compile(r"https?://\S+/accounts/mailbox/[\w-]{43}/")
RESET_LINK = re.compile(r"https?://\S+/accounts/password/reset/key/[\w-]+/")
SUBJECT = "Confirm your mailbox for Information Protection"
BACK = "Back to your file"


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def anna(clock: time_machine.Traveller) -> User:
    sign_up(ClientVisitor(Client()), LocalInbox(), ADDRESS)
    return User.objects.get()


def browser() -> ClientVisitor:
    return ClientVisitor(Client())


def signed_in(address: str = ADDRESS) -> ClientVisitor:
    visitor = browser()
    assert sign_in(visitor, address).location == "/welcome/"
    return visitor


def day(clock: time_machine.Traveller, number: float) -> None:
    clock.move_to(START + dt.timedelta(days=number))


def proof_mails(address: str = ADDRESS) -> list[Mail]:
    return [mail for mail in LocalInbox().mails_to(address) if mail.subject == SUBJECT]


def asked_link(visitor: ClientVisitor) -> str:
    visitor.post("/accounts/mailbox/", {})
    return proof_mails()[-1].link(LINK)


def opens() -> bool:
    return opening(User.objects.get(email=ADDRESS), now=timezone.now()) is Standing.GOOD


def proven_at() -> dt.datetime | None:
    return Address.objects.get(address=ADDRESS).proven_at


@pytest.mark.parametrize(
    ("number", "mails", "may_open"),
    [(75, 0, True), (76, 1, True), (89, 1, True), (90, 1, False), (91, 1, False)],
)
def test_one_mail_comes_two_weeks_before_the_end(
    anna: User, clock: time_machine.Traveller, number: int, mails: int, may_open: bool
) -> None:
    for passed in range(70, number + 1):
        day(clock, passed)
        ask_for_mailbox_proofs()
    assert len(proof_mails()) == mails
    assert opens() is may_open


def test_after_ninety_days_one_signs_in_and_opens_nothing_until_one_pressed_mail(
    clock: time_machine.Traveller,
) -> None:
    visitor = browser()
    ask(visitor, ADDRESS, "?ru=/open/?file=42")
    finish(visitor, LocalInbox().mails_to(ADDRESS)[-1].link())
    assert BACK in visitor.get("/welcome/").text
    day(clock, 90)
    late = signed_in()
    page = late.get("/welcome/").text
    assert "no protected file opens" in page
    assert BACK not in page
    link = asked_link(late)
    assert "Yes, this is my mailbox" in late.get(link).text
    assert late.post(link, {}).location == "/welcome/"
    assert "no protected file opens" not in late.get("/welcome/").text
    assert opens()
    event = AuditEvent.objects.get(action="mailbox.proven")
    assert event.actor_id == User.objects.get().pk


def test_the_way_back_to_the_file_comes_back_with_the_proof(
    clock: time_machine.Traveller, settings: Any
) -> None:
    settings.MAILBOX_PROOF_DAYS = 1
    visitor = browser()
    ask(visitor, ADDRESS, "?ru=/open/?file=42")
    finish(visitor, LocalInbox().mails_to(ADDRESS)[-1].link())
    day(clock, 1)
    assert BACK not in visitor.get("/welcome/").text
    visitor.post(asked_link(visitor), {})
    assert BACK in visitor.get("/welcome/").text


def test_pressing_on_another_device_leads_to_sign_in_and_counts_after_it(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 90)
    link = asked_link(signed_in())
    phone = browser()
    assert "ask you to sign in" in phone.get(link).text
    pressed = phone.post(link, {})
    assert pressed.location == "/accounts/login/?next=%2Fwelcome%2F"
    assert not opens()
    assert sign_in(phone, ADDRESS).location == "/welcome/"
    assert "Your mailbox is confirmed" in phone.get("/welcome/").text
    assert opens()


def test_a_robot_that_presses_everything_proves_nothing(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 90)
    leaver = signed_in()
    link = asked_link(leaver)
    before = [list(Address.objects.values()), list(User.objects.values("state", "admission"))]
    robot = browser()
    for path in (link, f"{link}renew/"):
        for _ in range(3):
            Client().get(path)
            Client().head(path)
            robot.post(path, {})
    robot.post("/accounts/login/", {"login": ADDRESS, "password": "whatever a robot types"})
    assert [
        list(Address.objects.values()),
        list(User.objects.values("state", "admission")),
    ] == before
    assert sign_in(browser(), ADDRESS).location == "/welcome/"
    assert not opens()


def test_nobody_proves_the_mailbox_of_somebody_else(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 90)
    link = asked_link(signed_in())
    other: User = UserFactory.create()
    theirs = signed_in(str(other.email))
    assert theirs.post(link, {}).location.startswith("/accounts/login/")
    assert theirs.get("/account/").status == 302
    sign_in(theirs, str(other.email))
    assert not opens()
    sign_in(theirs, ADDRESS)
    assert not opens()


def test_a_press_counts_as_long_as_its_link_is_good(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 90)
    phone, link = browser(), asked_link(signed_in())
    phone.post(link, {})
    day(clock, 91)
    sign_in(phone, ADDRESS)
    assert not opens()


def test_pressing_again_is_harmless_and_proves_nothing_more(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 80)
    visitor = signed_in()
    link = asked_link(visitor)
    visitor.post(link, {})
    first = proven_at()
    day(clock, 80.9)
    again = visitor.post(link, {})
    assert again.status == 200
    assert "is confirmed" in again.text
    assert proven_at() == first


def test_a_link_works_for_a_day_and_leads_to_a_new_mail_in_one_press(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 80)
    visitor = signed_in()
    link = asked_link(visitor)
    day(clock, 80.99)
    assert visitor.get(link).status == 200
    day(clock, 81)
    page = visitor.post(link, {})
    assert page.status == 410
    assert f"{link}renew/" in page.text
    assert not AuditEvent.objects.filter(action="mailbox.proven").exists()
    browser().post(f"{link}renew/", {})
    fresh = proof_mails()[-1].link(LINK)
    assert fresh != link
    assert visitor.post(fresh, {}).location == "/welcome/"
    assert proven_at() == timezone.now()


def test_an_unknown_link_says_what_to_do(anna: User) -> None:
    for path in ("", "renew/"):
        page = browser().post(f"/accounts/mailbox/{'A' * 43}/{path}", {})
        assert page.status == 404
        assert "/accounts/login/" in page.text


def test_the_links_of_a_switched_off_account_are_worthless(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 80)
    visitor = signed_in()
    link = asked_link(visitor)
    User.objects.update(state="disabled")
    assert visitor.get(link).status == 404
    assert visitor.post(f"{link}renew/", {}).status == 404


def test_pages_with_the_token_are_not_stored_and_send_no_referrer(
    anna: User, clock: time_machine.Traveller
) -> None:
    link = asked_link(signed_in())
    headers = Client().get(link).headers
    assert (headers["Referrer-Policy"], headers["Cache-Control"]) == ("no-referrer", "no-store")


def test_a_password_reset_by_mail_proves_the_mailbox(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 90)
    visitor = browser()
    visitor.post("/accounts/password/reset/", {"email": ADDRESS})
    link = LocalInbox().mails_to(ADDRESS)[-1].link(RESET_LINK)
    form = visitor.get(link).location
    new = {"password1": "seven quiet lanterns ashore", "password2": "seven quiet lanterns ashore"}
    assert not opens()
    assert visitor.post(form, new).status == 302
    assert opens()


def test_pressing_the_button_that_adds_the_plan_proves_the_mailbox(
    clock: time_machine.Traveller,
) -> None:
    user: User = UserFactory.create(
        email=ADDRESS, tenant__name="walkers.com", tenant__allow_email_verified_users=False
    )
    day(clock, 90)
    visitor = browser()
    ask(visitor, str(user.email))
    visitor.post(LocalInbox().mails_to(ADDRESS)[-1].link(), {})
    sign_in(visitor, ADDRESS)
    assert opens()


@pytest.mark.parametrize(
    "facts", [{"creation_method": "admin"}, {"creation_method": "sync"}, {"state": "disabled"}]
)
def test_who_is_not_asked(clock: time_machine.Traveller, facts: dict[str, str]) -> None:
    UserFactory.create(email=ADDRESS, tenant__name="walkers.com", **facts)
    day(clock, 80)
    ask_for_mailbox_proofs()
    assert not OutboxMail.objects.exists()


def test_an_account_that_is_not_asked_has_no_page_for_it(clock: time_machine.Traveller) -> None:
    UserFactory.create(email=ADDRESS, tenant__name="walkers.com", creation_method="admin")
    visitor = signed_in()
    assert visitor.get("/accounts/mailbox/").location == "/account/"
    visitor.post("/accounts/mailbox/", {})
    assert proof_mails() == []
    assert "Mailbox confirmed" not in visitor.get("/account/").text


def test_the_account_page_says_when_it_was_and_when_it_is_next(
    anna: User, clock: time_machine.Traveller
) -> None:
    text = signed_in().get("/account/").text
    assert "on 7 January 2026; the next time before 7 April 2026" in text
    assert "Send me the mail" not in text
    day(clock, 76)
    assert "Confirm it before 7 April 2026" in signed_in().get("/account/").text
    day(clock, 91)
    assert "it was due again on 7 April 2026" in signed_in().get("/account/").text


def test_mails_on_request_are_limited_and_the_page_says_so(
    anna: User, clock: time_machine.Traveller
) -> None:
    visitor = signed_in()
    for _ in range(2):
        visitor.post("/accounts/mailbox/", {})
    assert "got such a mail already" in visitor.get("/accounts/mailbox/").text
    assert len(proof_mails()) == 1
    for _ in range(60 * 24):
        clock.shift(dt.timedelta(minutes=1))
        prove_mailbox.ask(user=anna, language="en", browser="")
    assert len(proof_mails()) == 7  # the first one is a day old by the last minute


def test_after_a_proof_the_next_mail_comes_a_period_later(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 80)
    ask_for_mailbox_proofs()
    link = proof_mails()[-1].link(LINK)
    signed_in().post(link, {})
    for number, mails in ((155, 1), (156, 2), (169, 2)):
        day(clock, number)
        ask_for_mailbox_proofs()
        assert len(proof_mails()) == mails
    assert opens()


def test_a_short_period_asks_in_its_second_half(
    anna: User, clock: time_machine.Traveller, settings: Any
) -> None:
    settings.MAILBOX_PROOF_DAYS = 10
    for number, mails in ((4, 0), (5, 1), (9, 1)):
        day(clock, number)
        ask_for_mailbox_proofs()
        assert len(proof_mails()) == mails


def test_the_mails_go_out_once_each_whatever_interrupts_them(
    clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [UserFactory.create(password="!") for _ in range(7)]
    day(clock, 76)
    monkeypatch.setattr(prove_mailbox, "BATCH", 2)
    create, calls = links.create, []

    def die_at_the_fourth(**facts: Any) -> object:
        calls.append(facts)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return create(**facts)

    monkeypatch.setattr(links, "create", die_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        prove_mailbox.remind()
    assert OutboxMail.objects.count() == 2
    assert prove_mailbox.remind() == 5
    assert prove_mailbox.remind() == 0
    sent = OutboxMail.objects.values_list("to_address", flat=True)
    assert sorted(sent) == sorted(str(person.email) for person in people)


def test_a_pause_of_sign_up_mail_does_not_hold_it_back(
    anna: User, clock: time_machine.Traveller
) -> None:
    day(clock, 76)
    MailPause.objects.create(address=ADDRESS, until=timezone.now() + dt.timedelta(days=7))
    ask_for_mailbox_proofs()
    assert len(proof_mails()) == 1


def test_mail_and_pages_speak_german(clock: time_machine.Traveller) -> None:
    german = ClientVisitor(Client(headers={"accept-language": "de"}))
    ask(german, ADDRESS)
    finish(german, LocalInbox().mails_to(ADDRESS)[-1].link(), password=PASSWORD)
    day(clock, 76)
    ask_for_mailbox_proofs()
    mail = LocalInbox().mails_to(ADDRESS)[-1]
    assert mail.subject == "Bestätigen Sie Ihr Postfach für Information Protection"
    assert english_in(mail.text) == []
    link = mail.link(LINK)
    sign_in(german, ADDRESS)
    for path in ("/welcome/", "/account/", "/accounts/mailbox/", link):
        assert english_in(visible(german.get(path).text)) == []
    day(clock, 90)
    sign_in(german, ADDRESS)
    for path in ("/welcome/", "/account/", link, f"/accounts/mailbox/{'A' * 43}/"):
        assert english_in(visible(german.get(path).text)) == []
