"""Sessions: their key changes, they end in time, and one press ends all of them."""

from __future__ import annotations

import datetime as dt
import re
import subprocess

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.services import purge_sessions
from accounts.session_store import SessionStore
from audit.models import AuditEvent
from tenants.models import User
from tests.factories import OperatorFactory, UserFactory
from tests.outbox import LocalInbox
from tests.passkeys import Passkey
from tests.second_factors import set_up_app, shown_code
from tests.services.product import PYTHON, ROOT, clean_environment
from tests.walk import PASSWORD, ClientVisitor, ask, finish, sign_in

pytestmark = pytest.mark.django_db
NEW = "seven quiet lanterns ashore"
RESET_LINK = re.compile(r"https?://\S+/accounts/password/reset/key/[\w-]+/")
START = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
MINUTE, HOUR, DAY = dt.timedelta(minutes=1), dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture
def anna() -> User:
    user: User = UserFactory.create()
    return user


@pytest.fixture
def signed_in(client: Client, anna: User) -> ClientVisitor:
    visitor = ClientVisitor(client)
    sign_in(visitor, anna.email or "")
    return visitor


def key_of(client: Client) -> str:
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def session_of_nobody(client: Client) -> str:
    """The key of a session in which nobody has signed in, planted in this browser."""
    session = SessionStore()
    session["planted"] = True
    session.save()
    assert session.session_key
    client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
    return session.session_key


def planted_key(client: Client) -> str:
    """The key of a session of nobody, which somebody may have planted in the browser."""
    client.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})
    return key_of(client)


def with_key(key: str) -> ClientVisitor:
    """Somebody who has the key of a session, and nothing else."""
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = key
    return ClientVisitor(thief)


def is_signed_in(visitor: ClientVisitor) -> bool:
    return visitor.get("/welcome/").status == 200


def test_signing_in_gives_the_session_a_new_key(client: Client, anna: User) -> None:
    visitor = ClientVisitor(client)
    planted = session_of_nobody(client)
    sign_in(visitor, anna.email or "")
    assert is_signed_in(visitor)
    assert not is_signed_in(with_key(planted))


def test_completing_a_sign_up_gives_the_session_a_new_key(client: Client) -> None:
    visitor = ClientVisitor(client)
    planted = session_of_nobody(client)
    ask(visitor, "anna@walkers.com")
    finish(visitor, LocalInbox().mails_to("anna@walkers.com")[-1].link())
    assert is_signed_in(visitor)
    assert not is_signed_in(with_key(planted))


def test_a_second_step_gives_the_session_a_new_key(client: Client, anna: User) -> None:
    set_up_app(anna)
    visitor = ClientVisitor(client)
    sign_in(visitor, anna.email or "")
    half_way = key_of(client)
    assert not is_signed_in(with_key(half_way))
    visitor.post("/accounts/2fa/authenticate/", {"code": shown_code()})
    assert is_signed_in(visitor)
    assert not is_signed_in(with_key(half_way))


def test_signing_out_makes_the_key_worthless(client: Client, signed_in: ClientVisitor) -> None:
    key = key_of(client)
    signed_in.post("/accounts/logout/", {})
    assert not is_signed_in(with_key(key))


def test_asking_for_a_passkey_fills_no_table_for_long() -> None:
    with time_machine.travel(START, tick=False) as clock:
        planted_key(Client())
        assert Session.objects.count() == 1
        clock.shift(11 * MINUTE)
        purge_sessions()
        assert not Session.objects.exists()


def test_a_session_that_began_with_a_passkey_lasts_as_long_as_any(anna: User) -> None:
    client, owner = Client(), Client()
    owner.force_login(anna)
    owner.post("/accounts/reauthenticate/", {"password": PASSWORD})
    passkey = Passkey(anna)
    passkey.add(owner)
    passkey.sign_in(client)
    assert client.cookies[settings.SESSION_COOKIE_NAME]["max-age"] == 30 * 24 * 60 * 60


def test_proving_again_gives_the_session_a_new_key(
    client: Client, signed_in: ClientVisitor
) -> None:
    before = key_of(client)
    proof = signed_in.get("/accounts/2fa/totp/activate/").location
    assert signed_in.post(proof, {"password": PASSWORD}).status == 302
    assert is_signed_in(signed_in)
    assert not is_signed_in(with_key(before))
    assert [row.session_key for row in UserSession.objects.all()] == [key_of(client)]


def test_changing_the_password_gives_the_session_a_new_key_and_ends_the_others(
    client: Client, signed_in: ClientVisitor, anna: User
) -> None:
    before, other = key_of(client), ClientVisitor(Client())
    sign_in(other, anna.email or "")
    fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert signed_in.post("/accounts/password/change/", fields).status == 302
    assert is_signed_in(signed_in)
    assert not is_signed_in(with_key(before))
    assert not is_signed_in(other)
    assert [row.session_key for row in UserSession.objects.all()] == [key_of(client)]


def test_a_reset_ends_every_session(signed_in: ClientVisitor, anna: User) -> None:
    stranger = ClientVisitor(Client())
    stranger.post("/accounts/password/reset/", {"email": anna.email or ""})
    link = LocalInbox().mails_to(anna.email or "")[-1].link(RESET_LINK)
    stranger.post(stranger.get(link).location, {"password1": NEW, "password2": NEW})
    assert not is_signed_in(signed_in)
    assert not UserSession.objects.exists()


@pytest.mark.parametrize(
    ("role", "idle"),
    [("member", 7 * DAY), ("administrator", 30 * MINUTE), ("operator", 30 * MINUTE)],
)
def test_an_idle_session_ends(client: Client, role: str, idle: dt.timedelta) -> None:
    user = OperatorFactory.create() if role == "operator" else UserFactory.create(role=role)
    visitor = ClientVisitor(client)
    with time_machine.travel(START, tick=False) as clock:
        sign_in(visitor, str(user.email))
        clock.shift(idle - MINUTE)
        assert is_signed_in(visitor)
        clock.shift(idle - MINUTE)
        assert is_signed_in(visitor), "use was not noted"
        clock.shift(idle + MINUTE)
        assert not is_signed_in(visitor)


@pytest.mark.parametrize(
    ("role", "longest", "step"),
    [("member", 30 * DAY, 6 * DAY), ("administrator", 12 * HOUR, 20 * MINUTE)],
)
def test_a_session_ends_however_much_it_is_used(
    client: Client, role: str, longest: dt.timedelta, step: dt.timedelta
) -> None:
    visitor = ClientVisitor(client)
    with time_machine.travel(START, tick=False) as clock:
        user = UserFactory.create(role=role)
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD, "remember": 1})
        while timezone.now() + step < START + longest:
            clock.shift(step)
            assert is_signed_in(visitor)
        clock.shift(step)
        assert not is_signed_in(visitor)


def test_an_ended_session_says_so_and_leads_back(client: Client, anna: User) -> None:
    visitor = ClientVisitor(client)
    with time_machine.travel(START, tick=False) as clock:
        sign_in(visitor, anna.email or "")
        clock.shift(8 * DAY)
        page = visitor.get("/account/")
        assert page.location == "/accounts/login/?next=/account/"
        assert "Your session has ended" in visitor.get(page.location).text
        fields = {"login": anna.email or "", "password": PASSWORD, "next": "/account/"}
        assert visitor.post(page.location, fields).location == "/account/"


def test_a_session_that_was_ended_elsewhere_says_so(signed_in: ClientVisitor, anna: User) -> None:
    other = ClientVisitor(Client())
    sign_in(other, anna.email or "")
    other.post("/accounts/sessions/end-all/", {})
    assert "Your session has ended" in signed_in.get(signed_in.get("/account/").location).text


def test_who_never_signed_in_is_told_of_no_session(client: Client) -> None:
    visitor = ClientVisitor(client)
    assert "has ended" not in visitor.get(visitor.get("/account/").location).text


def test_use_is_noted_once_a_minute_and_otherwise_nothing_is_written(
    client: Client, anna: User
) -> None:
    visitor = ClientVisitor(client)

    def writes() -> list[str]:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            visitor.get("/guide/")
        return [q["sql"] for q in queries if not q["sql"].startswith("SELECT")]

    with time_machine.travel(START, tick=False) as clock:
        sign_in(visitor, anna.email or "")
        visitor.get("/welcome/")  # shows, and thereby drops, the message about signing in
        assert writes() == []
        clock.shift(MINUTE)
        assert any("UPDATE" in sql for sql in writes())
        assert writes() == []


def test_signing_out_everywhere_ends_all_sessions_this_one_too(
    signed_in: ClientVisitor, anna: User
) -> None:
    other = ClientVisitor(Client())
    sign_in(other, anna.email or "")
    assert "/accounts/sessions/end-all/" in signed_in.get("/accounts/sessions/").text
    assert signed_in.post("/accounts/sessions/end-all/", {}).location == "/accounts/login/"
    assert not is_signed_in(signed_in)
    assert not is_signed_in(other)
    assert AuditEvent.objects.filter(action="user.sessions_ended", actor_id=anna.id).exists()
    sign_in(signed_in, anna.email or "")
    assert is_signed_in(signed_in)


@pytest.mark.parametrize("state", ["disabled", "deleted"])
def test_a_switched_off_account_is_signed_out_at_the_next_request(
    signed_in: ClientVisitor, anna: User, state: str
) -> None:
    User.objects.update(state=state)
    assert not is_signed_in(signed_in)
    User.objects.update(state="active")
    assert not is_signed_in(signed_in), "the session came back with the account"


def test_pages_for_signed_in_people_are_kept_by_no_cache(signed_in: ClientVisitor) -> None:
    for path in ("/welcome/", "/account/", "/accounts/sessions/", "/accounts/2fa/", "/guide/"):
        assert "no-store" in signed_in.get(path).headers["Cache-Control"], path


def test_sessions_that_are_over_are_deleted(client: Client, anna: User) -> None:
    with time_machine.travel(START, tick=False) as clock:
        client.post("/accounts/login/", {"login": anna.email, "password": PASSWORD, "remember": 1})
        session_of_nobody(Client())
        assert purge_sessions() == 0
        assert Session.objects.count() == 2
        clock.shift(8 * DAY)
        assert purge_sessions() == 1
    assert not Session.objects.exists()
    assert not UserSession.objects.exists()


def test_a_staying_cookie_lasts_as_long_as_the_session_may(client: Client, anna: User) -> None:
    for remember, seconds in (({"remember": 1}, 30 * 24 * 60 * 60), ({}, "")):
        client.post("/accounts/login/", {"login": anna.email, "password": PASSWORD, **remember})
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        assert cookie["max-age"] == seconds
        client.post("/accounts/logout/")


def test_cookies_are_for_this_site_alone(signed_in: ClientVisitor, client: Client) -> None:
    signed_in.get("/accounts/sessions/")
    for cookie in client.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax", cookie.key
        assert (cookie["domain"], cookie["path"]) == ("", "/"), cookie.key


def test_with_https_cookies_are_bound_to_this_very_host() -> None:
    names = ("SESSION_COOKIE", "CSRF_COOKIE")
    shown = "; ".join(f"print(settings.{name}_NAME, settings.{name}_SECURE)" for name in names)
    environment = clean_environment(
        DJANGO_SETTINGS_MODULE="rms_portal.settings",
        PUBLIC_URL="https://rights.example.com",
        SECRET_KEY="k" * 64,
        EMAIL_URL="smtp://127.0.0.1:25",
        MAIL_FROM="no-reply@rights.example.com",
    )
    answer = subprocess.check_output(
        (PYTHON, "-c", f"from django.conf import settings; {shown}"), cwd=ROOT, env=environment
    )
    assert answer.decode().split() == ["__Host-session", "True", "__Host-csrf", "True"]
