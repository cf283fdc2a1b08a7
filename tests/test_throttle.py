"""Guessing is slowed down, and nobody is locked out by it: not by strangers, not by mistakes of their own."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.conf import settings as configured
from django.test import Client

from accounts.hashers import Argon2Hasher
from outbox.models import OutboxMail
from tenants.models import Address, User
from tests.digits import asked_for, solution
from tests.factories import UserFactory
from tests.outbox import LocalInbox
from tests.second_factors import set_up_app, shown_code
from tests.walk import PASSWORD, ClientVisitor, Page, sign_in

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
SIGN_IN, RESET = "/accounts/login/", "/accounts/password/reset/"
TYPE_CODE, PROVE = "/accounts/2fa/authenticate/", "/accounts/reauthenticate/"
CHANGE = "/accounts/password/change/"
RESET_LINK = re.compile(r"https?://\S+/accounts/password/reset/key/[\w-]+/")
WRONG, NEW = "nine violet teapots on charade", "seven quiet lanterns ashore"
COOKIE = configured.KNOWN_BROWSER_COOKIE_NAME
VARIES = re.compile(r'(name="csrfmiddlewaretoken" value|digits_token" value|src)="[^"]*"')


def somebody(address: str = "192.0.2.1") -> ClientVisitor:
    """A browser that nobody signed in with, at a network of its own."""
    return ClientVisitor(Client(REMOTE_ADDR=address))


@pytest.fixture
def anna() -> User:
    user: User = UserFactory.create()
    return user


@pytest.fixture
def address(anna: User) -> str:
    return anna.email or ""


def fail(visitor: ClientVisitor, address: str, times: int) -> Page:
    """Types a wrong password, as a page without digits lets one; the last answer."""
    pages = [sign_in(visitor, address, WRONG) for _ in range(times)]
    assert {page.status for page in pages} == {200}
    return pages[-1]


def with_digits(visitor: ClientVisitor, page: Page, address: str, password: str) -> Page:
    return visitor.post(SIGN_IN, {"login": address, "password": password, **solution(page.text)})


def test_after_five_failures_a_stranger_types_digits_and_then_gets_in(address: str) -> None:
    stranger = somebody()
    assert not asked_for(fail(stranger, address, 5).text)
    page = sign_in(stranger, address)
    assert page.status == 200
    assert "type the password once more" in page.text
    assert stranger.get("/welcome/").status == 302
    assert with_digits(stranger, page, address, PASSWORD).location == "/welcome/"


def test_wrong_digits_are_asked_for_again_and_check_no_password(address: str) -> None:
    stranger = somebody()
    page = fail(stranger, address, 6)
    fields = {"login": address, "password": PASSWORD, **solution(page.text), "digits": "000000"}
    page = stranger.post(SIGN_IN, fields)
    assert page.status == 200
    assert with_digits(stranger, page, address, PASSWORD).status == 302


def test_one_solution_is_good_for_one_try(address: str) -> None:
    stranger = somebody()
    solved = solution(fail(stranger, address, 6).text)
    fields = {"login": address, **solved}
    assert stranger.post(SIGN_IN, {**fields, "password": WRONG}).status == 200
    assert stranger.post(SIGN_IN, {**fields, "password": PASSWORD}).status == 200
    assert stranger.get("/welcome/").status == 302


def test_a_browser_that_signed_in_before_is_never_in_a_guessers_way(address: str) -> None:
    owner = somebody("198.51.100.1")
    sign_in(owner, address)
    owner.post("/accounts/logout/", {})
    for network in range(30):
        fail(somebody(f"192.0.2.{network}"), address, 3)
    assert sign_in(owner, address).location == "/welcome/"


def test_an_owner_in_a_new_browser_gets_in_whatever_a_guesser_does(address: str) -> None:
    for network in range(30):
        fail(somebody(f"192.0.2.{network}"), address, 3)
    owner = somebody("198.51.100.1")
    page = sign_in(owner, address)
    assert with_digits(owner, page, address, PASSWORD).location == "/welcome/"


def test_a_known_browser_has_a_count_of_its_own(address: str) -> None:
    thief = somebody()
    sign_in(thief, address)
    thief.post("/accounts/logout/", {})
    assert not asked_for(fail(thief, address, 10).text)
    assert asked_for(fail(thief, address, 6).text)


def test_right_passwords_are_not_counted(address: str) -> None:
    for _ in range(20):
        assert sign_in(somebody(), address).location == "/welcome/"


def test_a_browser_known_to_one_account_is_a_stranger_to_another(address: str) -> None:
    guesser = somebody()
    sign_in(guesser, str(UserFactory.create().email))
    guesser.post("/accounts/logout/", {})
    assert asked_for(fail(guesser, address, 6).text)


@pytest.mark.parametrize("what", ["password", "everywhere", "forged"])
def test_a_known_browser_is_forgotten(address: str, what: str) -> None:
    client, other = Client(), ClientVisitor(Client(REMOTE_ADDR="198.51.100.1"))
    browser = ClientVisitor(client)
    sign_in(browser, address)
    sign_in(other, address)
    password = PASSWORD
    if what == "password":
        password = NEW
        other.post(CHANGE, {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    elif what == "everywhere":
        other.post("/accounts/sessions/end-all/", {})
    else:
        known = client.cookies[COOKIE].value
        client.cookies[COOKIE] = known[:-1] + ("A" if known[-1] != "A" else "E")
        browser.post("/accounts/logout/", {})
    fail(somebody("203.0.113.1"), address, 5)
    assert asked_for(sign_in(browser, address, password).text)


def test_the_browser_that_changes_the_password_stays_known(address: str) -> None:
    browser = somebody()
    sign_in(browser, address)
    browser.post(CHANGE, {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW})
    browser.post("/accounts/logout/", {})
    fail(somebody("203.0.113.1"), address, 5)
    assert sign_in(browser, address, NEW).location == "/welcome/"


def test_the_cookie_of_a_known_browser_changes_at_every_sign_in(address: str) -> None:
    client = Client()
    values = set()
    for _ in range(3):
        sign_in(ClientVisitor(client), address)
        values.add(client.cookies[COOKIE].value)
        client.post("/accounts/logout/")
    assert len(values) == 3
    cookie = client.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert address not in cookie.value


def test_a_network_with_many_failures_types_digits(address: str) -> None:
    for number in range(60):
        sign_in(somebody(), f"nobody{number}@walkers.com", WRONG)
    page = sign_in(somebody(), address)
    assert asked_for(page.text)
    assert sign_in(somebody("198.51.100.1"), address).location == "/welcome/"
    visitor = somebody()
    page = sign_in(visitor, address)
    assert with_digits(visitor, page, address, PASSWORD).location == "/welcome/"


def states() -> dict[str, str]:
    """An address for each state that an account can be in, all of one length."""
    found = {"unknown": "person-unknown@walkers.com"}
    tenant = UserFactory.create(email="first@walkers.com", tenant__name="walkers.com").tenant
    for state in ("active", "disabled", "deleted", "closed"):
        found[state] = f"person-{(state + 'xxx')[:7]}@walkers.com"
        user = UserFactory.create(email=found[state], tenant=tenant, state="active")
        if state == "closed":
            Address.objects.filter(user=user).delete()
            user.email = None
        user.state = state
        user.save()
    return found


def fingerprint(page: Page, address: str) -> tuple[int, str, list[tuple[str, str]]]:
    """All of an answer but its request id, and what is random in it."""
    headers = {name: value for name, value in page.headers.items() if name != "X-Request-ID"}
    text = VARIES.sub(r"\1", page.text).replace(address, "…")
    return page.status, text, sorted(headers.items())


@pytest.mark.parametrize("times", [1, 6])
def test_a_wrong_password_tells_nothing_about_the_account(times: int) -> None:
    with time_machine.travel(START, tick=False):
        answers = {
            state: fingerprint(fail(somebody(f"192.0.2.{number}"), address, times), address)
            for number, (state, address) in enumerate(states().items())
        }
    assert len({str(answer) for answer in answers.values()}) == 1, answers
    assert ("digits_token" in answers["unknown"][1]) is (times == 6)


def test_every_wrong_password_is_hashed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []
    for name in ("encode", "verify"):
        original = getattr(Argon2Hasher, name)

        def counted(self: Any, password: str, *rest: Any, original: Any = original) -> Any:
            hashed.append(password)
            return original(self, password, *rest)

        monkeypatch.setattr(Argon2Hasher, name, counted)
    for number, (state, address) in enumerate(states().items()):
        hashed.clear()
        sign_in(somebody(f"192.0.2.{number}"), address, WRONG)
        assert len(hashed) == 1, state


def wrong_code(visitor: ClientVisitor, times: int) -> Page:
    return [visitor.post(TYPE_CODE, {"code": "000000"}) for _ in range(times)][-1]


def test_wrong_codes_come_to_an_end_and_the_owner_learns_that_the_password_is_known(
    anna: User, address: str
) -> None:
    set_up_app(anna)
    with time_machine.travel(START, tick=False):
        thief = somebody()
        sign_in(thief, address)
        assert "Incorrect code" in wrong_code(thief, 5).text
        page = thief.post(TYPE_CODE, {"code": shown_code()})
        assert page.status == 200
        assert "Too many wrong codes" in page.text
        wrong_code(thief, 3)
    told = [m.subject for m in LocalInbox().mails_to(address)]
    assert told == ["Wrong codes for your account at Information Protection"]


def test_an_owner_whose_codes_a_thief_used_up_is_back_with_a_new_password(
    anna: User, address: str
) -> None:
    set_up_app(anna)
    with time_machine.travel(START, tick=False) as clock:
        thief, owner = somebody(), somebody("198.51.100.1")
        sign_in(thief, address)
        wrong_code(thief, 6)
        clock.shift(1)
        owner.post(RESET, {"email": address})
        link = LocalInbox().mails_to(address)[-1].link(RESET_LINK)
        owner.post(owner.get(link).location, {"password1": NEW, "password2": NEW})
        assert sign_in(owner, address, NEW).location == TYPE_CODE
        assert owner.post(TYPE_CODE, {"code": shown_code()}).location == "/welcome/"
        clock.shift(60)
        assert "Too many" in thief.post(TYPE_CODE, {"code": shown_code()}).text
        clock.shift(600)
        assert thief.post(TYPE_CODE, {"code": shown_code()}).location == "/accounts/login/"
        assert thief.get("/welcome/").status == 302


def test_a_known_browser_types_codes_whatever_a_thief_of_the_password_does(
    anna: User, address: str
) -> None:
    set_up_app(anna)
    with time_machine.travel(START, tick=False) as clock:
        owner, thief = somebody("198.51.100.1"), somebody()
        sign_in(owner, address)
        owner.post(TYPE_CODE, {"code": shown_code()})
        owner.post("/accounts/logout/", {})
        sign_in(thief, address)
        wrong_code(thief, 6)
        clock.shift(150)
        sign_in(owner, address)
        assert owner.post(TYPE_CODE, {"code": shown_code()}).location == "/welcome/"


@pytest.mark.parametrize(("path", "field"), [(PROVE, "password"), (CHANGE, "oldpassword")])
def test_a_stolen_session_does_not_guess_the_password(anna: User, path: str, field: str) -> None:
    client = Client()
    client.force_login(anna)
    thief = ClientVisitor(client)
    new = {"password1": NEW, "password2": NEW}
    for _ in range(5):
        page = thief.post(path, {field: WRONG, **new})
        assert page.status == 200
        assert not asked_for(page.text)
    page = thief.post(path, {field: PASSWORD, **new})
    assert (page.status, bool(asked_for(page.text))) == (200, True)
    page = thief.post(path, {field: PASSWORD, **new, **solution(page.text)})
    assert page.status == 302, "the owner is not locked out"


def test_resets_send_one_mail_a_minute_three_an_hour_six_a_day(address: str) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for minute, mails in ((0, 1), (0.5, 1), (1, 2), (2, 3), (3, 3), (61, 4), (62, 5), (63, 6)):
            clock.move_to(START + dt.timedelta(minutes=minute))
            answer = somebody().post(RESET, {"email": f" {address.upper()} "})
            assert (answer.status, answer.location) == (302, "/accounts/password/reset/done/")
            assert OutboxMail.objects.count() == mails, minute
        clock.move_to(START + dt.timedelta(hours=23))
        somebody().post(RESET, {"email": address})
        assert OutboxMail.objects.count() == 6


def test_an_unknown_address_gets_as_few_mails_as_a_known_one() -> None:
    for _ in range(3):
        somebody().post(RESET, {"email": "nobody@walkers.com"})
    assert OutboxMail.objects.count() == 1


def test_a_network_that_asks_for_many_resets_types_digits(address: str) -> None:
    for number in range(60):
        assert somebody().post(RESET, {"email": f"n{number}@walkers.com"}).status == 302
    visitor = somebody()
    page = visitor.post(RESET, {"email": address})
    assert page.status == 200
    assert address in page.text
    solved = {"email": address, **solution(page.text)}
    assert visitor.post(RESET, solved).location == "/accounts/password/reset/done/"
    assert LocalInbox().mails_to(address)


def test_signing_in_goes_on_while_redis_is_away(anna: User, address: str, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    set_up_app(anna)
    visitor = somebody()
    fail(visitor, address, 2)
    assert sign_in(visitor, address).location == TYPE_CODE
    assert visitor.post(TYPE_CODE, {"code": shown_code()}).location == "/welcome/"
    assert somebody().post(RESET, {"email": address}).status == 302
