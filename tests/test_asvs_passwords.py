"""What OWASP ASVS 5.0 asks of passwords and codes, where no other file shows it; see docs/asvs.md."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable

import pytest
import time_machine
from django.test import Client

from tenants.models import User
from tests.factories import UserFactory
from tests.outbox import LocalInbox
from tests.second_factors import recovery_codes, set_up_app
from tests.walk import PASSWORD, ClientVisitor, ask, finish, sign_in

pytestmark = pytest.mark.django_db
NEW = "seven quiet lanterns ashore"
RESET_LINK = re.compile(r"https?://\S+/accounts/password/reset/key/[\w-]+/")
PASSWORD_FIELD = re.compile(r'<input(?=[^>]*name="(?:\w*password\w*)")[^>]*>')


@pytest.fixture
def visitor(client: Client) -> ClientVisitor:
    return ClientVisitor(client)


@pytest.fixture
def anna() -> User:
    user: User = UserFactory.create()
    return user


def reset_form(visitor: ClientVisitor, user: User) -> str:
    visitor.post("/accounts/password/reset/", {"email": str(user.email)})
    return visitor.get(LocalInbox().mails_to(str(user.email))[-1].link(RESET_LINK)).location


def one_last_thing(visitor: ClientVisitor, user: User) -> str:
    ask(visitor, "new@walkers.com")
    return LocalInbox().mails_to("new@walkers.com")[-1].link()


def signed_in_at(path: str) -> Callable[[ClientVisitor, User], str]:
    def page(visitor: ClientVisitor, user: User) -> str:
        sign_in(visitor, str(user.email))
        return path

    return page


PAGES: dict[str, tuple[Callable[[ClientVisitor, User], str], list[str]]] = {
    "sign in": (lambda *_: "/accounts/login/", ["current-password"]),
    "one last thing": (one_last_thing, ["new-password"] * 2),
    "change": (
        signed_in_at("/accounts/password/change/"),
        ["current-password", "new-password", "new-password"],
    ),
    "reset": (reset_form, ["new-password"] * 2),
    "prove again": (signed_in_at("/accounts/reauthenticate/"), ["current-password"]),
}


@pytest.mark.parametrize("page", PAGES)
def test_passwords_are_hidden_and_can_be_pasted_or_filled_in(
    visitor: ClientVisitor, anna: User, page: str
) -> None:
    make, expected = PAGES[page]
    text = visitor.get(make(visitor, anna)).text
    fields = PASSWORD_FIELD.findall(text)
    assert [re.findall(r'autocomplete="([^"]+)"', field) for field in fields] == [
        [hint] for hint in expected
    ]
    assert all('type="password"' in field for field in fields)
    assert "value=" not in "".join(fields)
    assert "onpaste" not in text


@pytest.mark.parametrize(
    "password", ["  nine violet teapots on parade ", "T" + "h" * 3 + "e otter sings at dusk" * 10]
)
def test_a_password_is_what_was_typed_to_the_character(
    visitor: ClientVisitor, password: str
) -> None:
    link = one_last_thing(visitor, User())
    assert finish(visitor, link, password=password).location == "/welcome/"
    for other in (password[:-1], password[1:], password.swapcase(), f"{password} "):
        assert sign_in(ClientVisitor(Client()), "new@walkers.com", other).status == 200
    assert sign_in(ClientVisitor(Client()), "new@walkers.com", password).status == 302


def test_a_new_password_needs_the_one_until_now(visitor: ClientVisitor, anna: User) -> None:
    sign_in(visitor, str(anna.email))
    for old in ("", f"not {PASSWORD}"):
        fields = {"oldpassword": old, "password1": NEW, "password2": NEW}
        assert visitor.post("/accounts/password/change/", fields).status == 200
    assert sign_in(ClientVisitor(Client()), str(anna.email)).location == "/welcome/"


def test_a_password_does_not_wear_out(anna: User) -> None:
    with time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(days=5 * 365)):
        assert sign_in(ClientVisitor(Client()), str(anna.email)).location == "/welcome/"


def test_a_reset_by_mail_signs_nobody_in_and_leaves_the_second_factor_in_place(
    visitor: ClientVisitor, anna: User
) -> None:
    set_up_app(anna)
    form = reset_form(visitor, anna)
    assert visitor.post(form, {"password1": NEW, "password2": NEW}).status == 302
    assert visitor.get("/welcome/").status == 302
    assert sign_in(visitor, str(anna.email), NEW).location == "/accounts/2fa/authenticate/"
    assert visitor.get("/welcome/").status == 302


def test_recovery_codes_have_more_than_20_random_bits(anna: User) -> None:
    set_up_app(anna)
    codes = recovery_codes(anna)
    assert len({*codes}) == 10
    assert all(re.fullmatch("[0-9]{8}", code) for code in codes)
    assert math.log2(10**8) > 20
