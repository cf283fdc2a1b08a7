"""Signing in, out, reset and change: one page for everybody, one mail, and notices of what changed."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from outbox.models import OutboxMail
from tenants.models import Address, User
from tests.factories import OperatorFactory, UserFactory
from tests.outbox import LocalInbox
from tests.walk import PASSWORD, ClientVisitor, sign_in, sign_up

pytestmark = pytest.mark.django_db
RESET_LINK = re.compile(r"https?://\S+/accounts/password/reset/key/[\w-]+/")
TOTP_STEP = 30  # seconds, RFC 6238, 4.1
NEW = "seven quiet lanterns ashore"


@pytest.fixture
def visitor(client: Client) -> ClientVisitor:
    return ClientVisitor(client)


@pytest.fixture
def anna() -> User:
    user: User = UserFactory.create()
    return user


def test_signing_in_and_out(visitor: ClientVisitor, anna: User) -> None:
    assert sign_in(visitor, anna.email or "").location == "/welcome/"
    assert visitor.get("/welcome/").status == 200
    assert visitor.get("/accounts/logout/").status == 200
    visitor.post("/accounts/logout/", {})
    assert visitor.get("/welcome/").status == 302


def test_every_spelling_of_the_address_signs_in(visitor: ClientVisitor, anna: User) -> None:
    local, domain = (anna.email or "").split("@")
    assert sign_in(visitor, f" {local.upper()}@{domain.upper()}. ").location == "/welcome/"


def test_a_look_alike_address_is_somebody_else(visitor: ClientVisitor) -> None:
    UserFactory.create(email="kim@walkers.com", tenant__name="walkers.com")
    for look_alike in ("\u212aim@walkers.com", "k\u0131m@walkers.com"):
        assert sign_in(visitor, look_alike).status == 200


@pytest.mark.parametrize("state", ["disabled", "deleted"])
def test_a_switched_off_account_does_not_sign_in(
    visitor: ClientVisitor, anna: User, state: str
) -> None:
    User.objects.update(state=state)
    sign_in(visitor, anna.email or "")
    assert visitor.get("/welcome/").status == 302


def test_disabling_ends_running_sessions(visitor: ClientVisitor, anna: User) -> None:
    sign_in(visitor, anna.email or "")
    User.objects.update(state="disabled")
    assert visitor.get("/welcome/").status == 302


@pytest.mark.parametrize(
    ("who", "subject"),
    [
        ("active", "Choose a new password for Information Protection"),
        ("operator", "Choose a new password for Information Protection"),
        ("disabled", "Ask your administrator about Information Protection"),
        ("deleted", "Ask your administrator about Information Protection"),
        ("closed", "No account with this address at Information Protection"),
        ("nobody", "No account with this address at Information Protection"),
    ],
)
def test_a_reset_is_one_page_and_one_mail_for_everybody(
    visitor: ClientVisitor, who: str, subject: str
) -> None:
    address = "anna@walkers.com"
    if who == "operator":
        OperatorFactory.create(email=address)
    elif who != "nobody":
        user = UserFactory.create(email=address, tenant__name="walkers.com")
        if who == "closed":
            Address.objects.all().delete()
            user.email = None
        user.state = who
        user.save()
    answer = visitor.post("/accounts/password/reset/", {"email": address})
    assert (answer.status, answer.location) == (302, "/accounts/password/reset/done/")
    assert [mail.subject for mail in LocalInbox().mails_to(address)] == [subject]


def test_a_reset_link_sets_a_new_password_and_tells_the_owner(
    visitor: ClientVisitor, anna: User
) -> None:
    address = anna.email or ""
    visitor.post("/accounts/password/reset/", {"email": address})
    assert "key" not in str(OutboxMail.objects.get().context)
    link = LocalInbox().mails_to(address)[-1].link(RESET_LINK)
    form = visitor.get(link).location
    weak = visitor.post(form, {"password1": "short", "password2": "short"})
    assert "15 characters" in weak.text
    done = visitor.post(form, {"password1": NEW, "password2": NEW})
    assert done.status == 302
    assert "was changed" in LocalInbox().mails_to(address)[-1].subject
    assert sign_in(ClientVisitor(Client()), address).status == 200
    assert sign_in(ClientVisitor(Client()), address, NEW).location == "/welcome/"
    assert visitor.get(link).status == 200
    assert "password1" not in visitor.get(link).text


def test_changing_the_password_ends_no_session_of_ones_own_and_tells_the_owner(
    visitor: ClientVisitor, anna: User
) -> None:
    address = anna.email or ""
    sign_in(visitor, address)
    other = ClientVisitor(Client())
    sign_in(other, address)
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert visitor.post("/accounts/password/change/", fields).status == 302
    assert visitor.get("/welcome/").status == 200
    assert other.get("/welcome/").status == 302
    assert "was changed" in LocalInbox().mails_to(address)[-1].subject


def test_a_second_factor_is_set_up_asked_for_and_encrypted_at_rest(
    visitor: ClientVisitor,
    client: Client,
    anna: User,
    django_capture_on_commit_callbacks: Any,
) -> None:
    address = anna.email or ""
    sign_in(visitor, address)
    again_please = visitor.get("/accounts/2fa/totp/activate/").location
    visitor.post(again_please, {"password": PASSWORD})
    visitor.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    code = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // TOTP_STEP))
    with django_capture_on_commit_callbacks(execute=True):
        assert visitor.post("/accounts/2fa/totp/activate/", {"code": code}).status == 302
    stored = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    assert secret not in str(stored.data)
    again = ClientVisitor(Client())
    assert sign_in(again, address).location.startswith("/accounts/2fa/authenticate/")
    assert again.get("/welcome/").status == 302
    assert "was changed" in LocalInbox().mails_to(address)[-1].subject


def test_sessions_are_listed_and_ended(visitor: ClientVisitor, anna: User) -> None:
    sign_in(visitor, anna.email or "")
    other = ClientVisitor(Client(headers={"user-agent": "Firefox/140 (Windows)"}))
    sign_in(other, anna.email or "")
    other.get("/welcome/")
    visitor.get("/welcome/")
    assert "Firefox" in visitor.get("/accounts/sessions/").text
    visitor.post("/accounts/sessions/", {})
    assert other.get("/welcome/").status == 302


def test_the_own_page_saves_a_name(visitor: ClientVisitor, anna: User) -> None:
    sign_in(visitor, anna.email or "")
    visitor.post("/account/", {"first_name": "Änne", "last_name": "O'Brien"})
    anna.refresh_from_db()
    assert anna.get_full_name() == "Änne O'Brien"
    assert "O&#x27;Brien" in visitor.get("/account/").text


def test_allauths_own_sign_up_is_closed(visitor: ClientVisitor) -> None:
    assert visitor.get("/accounts/signup/").location == "/signup/"
    visitor.post(
        "/accounts/signup/", {"email": "x@walkers.com", "password1": NEW, "password2": NEW}
    )
    assert not User.objects.exists()


def test_who_has_just_signed_up_is_not_asked_for_the_password_again(visitor: ClientVisitor) -> None:
    sign_up(visitor, LocalInbox(), "ben@walkers.com")
    assert visitor.get("/accounts/2fa/totp/activate/").status == 200
