"""Mail scanners: they open links, run scripts and press buttons, and take nothing from the human.

What a robot that presses every button can change: its own session; the request that it says was not
made by the reader (*This was not me* is there for that), with a pause of sign-up mail to the address;
and what anybody can without a link: further requests, each with its mail. None of it touches the link
that the human has: it works as long as it was promised, and completing lifts the pause. A robot that
chooses a name and a password of 15 characters, twice the same, would be a person by all we can see.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import time_machine
from django.core import mail as sent
from django.test import Client
from django.utils import timezone

from outbox import links
from outbox.models import MailLink, OutboxMail
from signup.models import MailPause, SignUp
from tenants.models import Address, Domain, Tenant, User
from tests.outbox import LocalInbox
from tests.robot import Robot
from tests.strangers import stranger
from tests.tables import changed, everything, lost
from tests.walk import CSRF_FIELD, NOT_ME_LINK, ClientVisitor, ask, finish, sign_in

pytestmark = pytest.mark.django_db

ADDRESS = "anna@walkers.com"
HOME = "http://127.0.0.1:8000"
WORDS = (
    "x",
    "12345678",
    "robot@robots.com",
    ADDRESS,
    "password password",
    "a" * 15,
    "\0",
    "1" * 300,
)
METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")
FETCHES: tuple[dict[str, str], ...] = (
    {},
    {"sec-purpose": "prefetch;prerender", "purpose": "prefetch", "x-moz": "prefetch"},
    {
        "user-agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120 Safari"
    },
    {"user-agent": "BarracudaCentral/1.0", "x-requested-with": "XMLHttpRequest", "accept": "*/*"},
    {"accept": "application/json", "range": "bytes=0-10", "connection": "close"},
)
SPOILT: tuple[Callable[[str], str], ...] = (
    lambda path: path.rstrip("/"),
    lambda path: path + ">",
    lambda path: path + "%3E",
    lambda path: path.upper(),
    lambda path: "/" + path,
    lambda path: path.replace("/", "%2F"),
    lambda path: path.replace("/confirm/", "/confirm/=\r\n"),
    lambda path: path.replace("/confirm/", "/confirm/3D"),
    lambda path: path[:-10] + "/",
    lambda path: path + "?utm_source=x&email=eve@walkers.com&_method=POST",
)


def mail_of(client: Client) -> tuple[str, str, str]:
    """The newest mail to the address: text, page, and the path of its button."""
    ask(ClientVisitor(client), ADDRESS)
    link = LocalInbox().mails_to(ADDRESS)[-1].link()
    message: Any = sent.outbox[-1]
    return str(message.body), str(message.alternatives[0].content), link


def paths_of(link: str) -> tuple[str, ...]:
    not_me = LocalInbox().mails_to(ADDRESS)[-1].link(NOT_ME_LINK)
    return link, not_me, link.replace("confirm", "renew")


@pytest.mark.parametrize("number", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_a_thousand_fetches_of_the_links_change_no_row_of_any_table(number: int) -> None:
    *_, link = mail_of(stranger())
    scanner, before, fetched = stranger(), everything(), 0
    while fetched < number:
        for path in paths_of(link):
            for method in METHODS[:2] if fetched > 200 else METHODS:
                for headers in FETCHES:
                    answer = scanner.generic(method, path, headers=headers)
                    assert answer.status_code in {200, 302, 405}, (method, path)
                    fetched += 1
    assert changed(before, everything()) == set()
    assert finish(ClientVisitor(stranger()), link).location == "/welcome/"


def test_posts_without_the_forms_token_change_nothing() -> None:
    *_, link = mail_of(stranger())
    before = everything()
    for path in paths_of(link):
        for client in (stranger(enforce_csrf_checks=True), stranger(enforce_csrf_checks=True)):
            client.cookies["csrf"] = "a" * 32
            for fields in ({}, {"csrfmiddlewaretoken": "x" * 32 + "y" * 32}, {"password1": "x"}):
                assert client.post(path, fields).status_code == 403
    assert changed(before, everything()) == set()


@pytest.mark.parametrize("number", range(len(SPOILT)))
def test_a_link_that_a_mail_program_spoilt_changes_nothing(number: int) -> None:
    *_, link = mail_of(stranger())
    before = everything()
    for path in paths_of(link):
        for method in ("GET", "HEAD"):
            answer = stranger().generic(method, SPOILT[number](path))
            assert answer.status_code in {200, 301, 302, 404}
    assert changed(before, everything()) == set()


@pytest.mark.parametrize(
    ("words", "age"),
    [((), 0), ((), 25), (WORDS, 0), pytest.param(WORDS, 25, marks=pytest.mark.long)],
)
def test_a_robot_that_presses_every_button_takes_nothing_from_the_human(
    words: tuple[str, ...], age: int
) -> None:
    text, page, link = mail_of(stranger())
    OutboxMail.objects.update(handed_over_at=timezone.now() - dt.timedelta(hours=age))
    before = everything()
    robot = Robot(stranger(), HOME, words)
    robot.read_mail(text, page)
    robot.run()
    assert {link, link.replace("confirm", "not-me" if age == 0 else "renew")} & {*robot.pressed}
    after = everything()
    for model in (User, Tenant, Domain, Address):
        assert not model.objects.exists()
    assert lost(before, after) <= {"signup_signup"}
    assert changed(before, after) <= {
        *("signup_signup", "signup_mailpause", "outbox_outboxmail", "outbox_maillink"),
        "django_session",
    }
    assert {row.state for row in SignUp.objects.filter(address=ADDRESS)} <= {"pending", "not_me"}
    OutboxMail.objects.update(handed_over_at=timezone.now())
    assert finish(ClientVisitor(stranger()), link).location == "/welcome/"
    assert sign_in(ClientVisitor(stranger()), ADDRESS).location == "/welcome/"
    assert not MailPause.objects.exists()


def test_a_robot_after_the_human_changes_nothing_of_the_account() -> None:
    text, page, link = mail_of(stranger())
    human = ClientVisitor(stranger())
    finish(human, link)
    kept = [list(model.objects.values()) for model in (User, Tenant, Domain, Address)]
    robot = Robot(stranger(), HOME, WORDS)
    robot.read_mail(text, page)
    robot.run()
    assert [list(model.objects.values()) for model in (User, Tenant, Domain, Address)] == kept
    assert human.get("/welcome/").status == 200
    assert sign_in(ClientVisitor(stranger()), ADDRESS).location == "/welcome/"


def test_resending_never_ends_an_earlier_link() -> None:
    client = stranger()
    *_, first = mail_of(client)
    for _ in range(3):
        client.post("/signup/resend/")
        ask(ClientVisitor(stranger()), ADDRESS)
    assert ClientVisitor(stranger()).get(first).status == 200
    assert finish(ClientVisitor(stranger()), first).location == "/welcome/"


def tokens_of_nothing(link: str, settings: Any) -> list[str]:
    """Garbage, cut off, of another purpose, changed, and genuine under another SECRET_KEY."""
    token = link.split("/")[3]
    other_purpose = LocalInbox().mails_to(ADDRESS)[-1].link(NOT_ME_LINK).split("/")[3]
    changed_end = token[:-1] + ("A" if token[-1] != "A" else "B")
    key, settings.SECRET_KEY = settings.SECRET_KEY, "another-secret-key-" * 4
    other_key = links.token_of(MailLink.objects.get(purpose="signup.confirm"))
    settings.SECRET_KEY = key
    return [
        *("x", "A" * 43, token[:-1], token + "A", token.swapcase(), "é" * 43),
        *(other_purpose, changed_end, other_key),
    ]


def test_links_that_are_none_look_the_same_whatever_they_are(settings: Any) -> None:
    *_, link = mail_of(stranger())
    client, pages = stranger(), set()
    for token in tokens_of_nothing(link, settings):
        path = f"/signup/confirm/{quote(token)}/"
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")
        page = CSRF_FIELD.sub("", answer.content.decode())
        pages.add(page.replace(f"/{token}/", "//").replace(f"/{quote(token)}/", "//"))
        assert client.post(path, {"first_name": "Eve"}).status_code == 404
        renewed = client.post(path.replace("confirm", "renew"))
        assert (renewed.status_code, renewed.headers["Location"]) == (302, "/signup/")
    (page,) = pages
    assert 'href="/signup/"' in page


def test_an_unknown_link_is_one_press_from_a_new_mail_in_the_browser_that_asked() -> None:
    client = stranger()
    mail_of(client)
    page = client.get("/signup/confirm/" + "A" * 43 + "/").content.decode()
    assert 'action="/signup/resend/"' in page
    assert 'type="email"' not in page
    assert b"/signup/resend/" not in stranger().get("/signup/confirm/" + "A" * 43 + "/").content


@pytest.mark.parametrize(
    ("state", "heading", "subject"),
    [
        ("expired", "This link is too old", "Finish signing up"),
        ("used", "This link has been used", "You already have an account"),
    ],
)
def test_an_old_link_is_one_press_from_a_new_mail(state: str, heading: str, subject: str) -> None:
    *_, link = mail_of(stranger())
    if state == "used":
        finish(ClientVisitor(stranger()), link)
    with time_machine.travel(timezone.now() + dt.timedelta(hours=25)):
        late = stranger()
        page = late.get(link)
        assert page.status_code == 410
        assert heading in page.content.decode()
        assert link.replace("confirm", "renew") in page.content.decode()
        assert 'type="email"' not in page.content.decode()
        pressed = late.post(link.replace("confirm", "renew"))
        assert pressed.headers["Location"] == "/signup/check-your-mail/"
        mails = LocalInbox().mails_to(ADDRESS)
    assert len(mails) == 2
    assert mails[-1].subject.startswith(subject)
