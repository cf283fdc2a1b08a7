"""Whoever's way of signing in changes, or is used from somewhere new, is told by mail."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from tenants.models import User
from tests.factories import UserFactory
from tests.outbox import LocalInbox
from tests.passkeys import Passkey
from tests.second_factors import set_up_app, shown_code
from tests.walk import PASSWORD, ClientVisitor, sign_in, sign_up

pytestmark = pytest.mark.django_db
NEW = "seven quiet lanterns ashore"
RESET_LINK = re.compile(r"https?://\S+/accounts/password/reset/key/[\w-]+/")
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Firefox/140.0"


@pytest.fixture
def anna() -> User:
    user: User = UserFactory.create()
    return user


@pytest.fixture
def client(anna: User) -> Client:
    """Anna's browser, in which she signed in and has just proved again who she is."""
    client = Client(headers={"user-agent": FIREFOX})
    sign_in(ClientVisitor(client), anna.email or "")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    LocalInbox().mails_to(anna.email or "")
    return client


@pytest.fixture
def on_commit(django_capture_on_commit_callbacks: Any) -> Any:
    """allauth sends these two once their transaction has committed, which a test's never does."""
    return django_capture_on_commit_callbacks


def told(user: User) -> str:
    """The text of the newest mail."""
    return " ".join(LocalInbox().mails_to(user.email or "")[-1].text.split())


def test_a_changed_password(client: Client, anna: User) -> None:
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    client.post("/accounts/password/change/", fields)
    assert f"The password of {anna.email} was changed" in told(anna)
    assert "with Firefox, Windows" in told(anna)


def test_a_password_that_was_reset(anna: User) -> None:
    stranger = ClientVisitor(Client())
    stranger.post("/accounts/password/reset/", {"email": anna.email or ""})
    link = LocalInbox().mails_to(anna.email or "")[-1].link(RESET_LINK)
    stranger.post(stranger.get(link).location, {"password1": NEW, "password2": NEW})
    assert "was replaced by way of a link in a mail" in told(anna)


def test_a_first_password(anna: User) -> None:
    anna.set_unusable_password()
    anna.save()
    client = Client()
    client.force_login(anna)
    client.post("/accounts/password/set/", {"password1": NEW, "password2": NEW})
    assert "A password was set" in told(anna)


def test_an_app_that_was_set_up(client: Client, anna: User, on_commit: Any) -> None:
    client.get("/accounts/2fa/totp/activate/")
    code = shown_code(secret=client.session["mfa.totp.secret"])
    with on_commit(execute=True):
        client.post("/accounts/2fa/totp/activate/", {"code": code})
    assert "An authenticator app was set up" in told(anna)


def test_an_app_that_was_removed(client: Client, anna: User) -> None:
    set_up_app(anna)
    client.post("/accounts/2fa/totp/deactivate/")
    assert "The authenticator app" in told(anna)


def test_new_recovery_codes(client: Client, anna: User, on_commit: Any) -> None:
    set_up_app(anna)
    with on_commit(execute=True):
        client.post("/accounts/2fa/recovery-codes/generate/")
    assert "New recovery codes were made" in told(anna)


def test_a_passkey_that_was_added_and_removed(client: Client, anna: User) -> None:
    assert Passkey(anna).add(client).status_code == 302
    assert "A passkey or security key was added" in told(anna)
    key = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")
    assert "was removed" in told(anna)


def test_a_sign_in_with_a_new_browser_and_none_with_one_that_was_used_before(anna: User) -> None:
    client = Client(headers={"user-agent": FIREFOX})
    sign_in(ClientVisitor(client), anna.email or "")
    assert "with a browser that was not used for it before" in told(anna)
    assert "with Firefox, Windows" in told(anna)
    client.post("/accounts/logout/")
    sign_in(ClientVisitor(client), anna.email or "")
    assert len(LocalInbox().mails_to(anna.email or "")) == 1


def test_a_sign_in_with_a_passkey_in_a_new_browser(client: Client, anna: User) -> None:
    passkey = Passkey(anna)
    passkey.add(client)
    other = Client()
    assert passkey.sign_in(other).headers["Location"] == "/welcome/"
    assert other.get("/welcome/").status_code == 200
    assert "with a browser that was not used for it before" in told(anna)


def test_a_second_step_that_was_not_taken_is_no_sign_in(anna: User) -> None:
    set_up_app(anna)
    visitor = ClientVisitor(Client())
    sign_in(visitor, anna.email or "")
    assert not LocalInbox().mails_to(anna.email or "")
    visitor.post("/accounts/2fa/authenticate/", {"code": shown_code()})
    assert "signed in as" in told(anna)


def test_the_first_sign_in_after_signing_up_is_no_news() -> None:
    visitor = ClientVisitor(Client())
    sign_up(visitor, LocalInbox(), "ben@walkers.com")
    visitor.post("/accounts/logout/", {})
    sign_in(visitor, "ben@walkers.com")
    assert len(LocalInbox().mails_to("ben@walkers.com")) == 1


def test_it_is_told_in_the_owners_language(anna: User) -> None:
    User.objects.update(language="de")
    sign_in(ClientVisitor(Client()), anna.email or "")
    assert "Neue Anmeldung" in LocalInbox().mails_to(anna.email or "")[-1].subject
