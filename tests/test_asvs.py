"""What OWASP ASVS 5.0 asks of pages, cookies and input, where no other file shows it; see docs/asvs.md."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings as installation
from django.core import signing
from django.db import models
from django.test import Client

from audit.models import AuditEvent
from outbox.models import OutboxMail
from signup.models import SignUp
from tenants.models import User
from tests.factories import OperatorFactory, UserFactory
from tests.outbox import LocalInbox
from tests.second_factors import set_up_app
from tests.services.product import PYTHON, ROOT, clean_environment
from tests.test_every_page import addresses
from tests.walk import CSRF_FIELD, ClientVisitor, ask, sign_in, sign_up

pytestmark = pytest.mark.django_db
ON_HTTPS = """
import json
from django.conf import settings
from django.test import Client
from rms_portal.messages import HostCookieStorage
headers = dict(Client().get("/healthz", secure=True, headers={"host": "rights.example.com"}).headers)
names = [getattr(settings, name) for name in dir(settings) if name.endswith("_COOKIE_NAME")]
secure = [getattr(settings, name) for name in dir(settings) if name.endswith("_COOKIE_SECURE")]
print(json.dumps([headers, [*names, HostCookieStorage.cookie_name], secure]))
"""


@pytest.fixture
def anna() -> User:
    user: User = UserFactory.create()
    return user


@pytest.fixture
def visitor(client: Client, anna: User) -> ClientVisitor:
    """Anna, signed in."""
    visitor = ClientVisitor(client)
    sign_in(visitor, str(anna.email))
    return visitor


def browser_of(who: str) -> Client:
    client = Client(enforce_csrf_checks=True)
    if who != "nobody":
        client.force_login(OperatorFactory.create() if who == "operator" else UserFactory.create())
    return client


def assert_protected(headers: Any, path: str) -> None:
    policy = headers["Content-Security-Policy"]
    for directive in ("default-src", "object-src", "base-uri", "frame-ancestors"):
        assert f"{directive} 'none'" in policy, path
    assert headers["X-Content-Type-Options"] == "nosniff", path
    assert headers["Referrer-Policy"] in {"same-origin", "no-referrer"}, path
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
    assert not [name for name in headers if name.startswith("Access-Control")], path


@pytest.mark.parametrize("who", ["nobody", "member", "operator"])
def test_every_answer_protects_its_browser_and_is_for_no_other_site(who: str) -> None:
    client = browser_of(who)
    for path in addresses():
        answer = client.get(path, headers={"origin": "https://evil.example"})
        assert_protected(answer.headers, path)


def test_static_files_protect_their_browser_too(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "drawing.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    settings.STATIC_ROOT = str(tmp_path)
    answer = Client().get("/static/drawing.svg")
    assert answer.status_code == 200
    assert_protected(answer.headers, "/static/drawing.svg")


@pytest.mark.parametrize("who", ["nobody", "member", "operator"])
def test_nothing_is_taken_from_a_form_without_its_token(who: str) -> None:
    client = browser_of(who)
    assert {path: client.post(path).status_code for path in addresses()} == dict.fromkeys(
        addresses(), 403
    )


def test_a_forms_token_is_good_in_the_browser_that_it_was_made_for_alone() -> None:
    anna, ben = browser_of("nobody"), browser_of("nobody")
    found = CSRF_FIELD.search(ben.get("/signup/").content.decode())
    anna.get("/signup/")
    fields = {"email": "anna@walkers.com", "csrfmiddlewaretoken": found and found[1]}
    assert anna.post("/signup/", fields).status_code == 403
    assert ben.post("/signup/", fields).status_code == 302


def test_opening_pages_changes_nothing(client: Client, anna: User) -> None:
    set_up_app(anna)
    client.force_login(anna)
    client.get("/welcome/")
    changed: tuple[type[models.Model], ...] = (User, Authenticator, OutboxMail, AuditEvent, SignUp)

    def rows() -> list[Any]:
        return [list(model._default_manager.order_by("pk").values()) for model in changed]

    before = rows()
    for path in addresses():
        client.get(path)
        client.head(path)
    assert rows() == before
    assert client.get("/welcome/").status_code == 200


def test_with_https_every_cookie_is_bound_to_this_host_and_browsers_stay_with_https() -> None:
    environment = clean_environment(
        DJANGO_SETTINGS_MODULE="rms_portal.settings",
        PUBLIC_URL="https://rights.example.com",
        SECRET_KEY="k" * 64,
        EMAIL_URL="smtp://127.0.0.1:25",
        MAIL_FROM="no-reply@rights.example.com",
    )
    script = f"import django; django.setup()\n{ON_HTTPS}"
    shown = subprocess.check_output((PYTHON, "-c", script), cwd=ROOT, env=environment)
    headers, names, secure = json.loads(shown.splitlines()[-1])
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert [name for name in names if not name.startswith("__Host-")] == []
    assert len(set(names)) >= 5
    assert secure
    assert all(secure)


def test_no_cookie_has_another_name_or_lets_scripts_read_it(client: Client) -> None:
    visitor = ClientVisitor(client)
    sign_up(visitor, LocalInbox(), "anna@walkers.com")
    visitor.post("/language/", {"language": "de"})
    visitor.post("/account/", {"first_name": "Anna", "last_name": "Walker"})
    named = {getattr(installation, name) for name in dir(installation) if "COOKIE_NAME" in name}
    assert {*client.cookies} <= named
    assert len(client.cookies) >= 4
    for cookie in client.cookies.values():
        assert (cookie["httponly"], cookie["samesite"], cookie["domain"]) == (True, "Lax", "")
        assert len(cookie.key) + len(cookie.value) < 4096


def test_only_the_name_is_taken_from_ones_own_page(visitor: ClientVisitor, anna: User) -> None:
    before = User.objects.values().get()
    forged = {"role": "operator", "state": "disabled", "email": "x@evil.example", "tenant": ""}
    fields = {"first_name": "Ann", "last_name": "A", "admission": "admitted", "is_staff": "1"}
    assert visitor.post("/account/", {**fields, **forged}).status == 302
    assert User.objects.values().get() == before | {"first_name": "Ann", "last_name": "A"}


def test_a_name_is_text_on_every_page_that_shows_it(visitor: ClientVisitor, anna: User) -> None:
    markup = "<img src=x onerror=alert(1)>\"'{{7*7}}"
    assert visitor.post("/account/", {"first_name": markup, "last_name": "A"}).status == 302
    operator = browser_of("operator")
    for page in (
        visitor.get("/account/").text,
        operator.get(f"/admin/tenants/user/{anna.pk}/change/").content.decode(),
    ):
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;&quot;&#x27;{{7*7}}" in page


@pytest.mark.parametrize("change", ["cut", "bit", "other purpose", "unsigned"])
def test_a_cookie_that_was_tampered_with_is_no_cookie(client: Client, change: str) -> None:
    ask(ClientVisitor(client), "anna@walkers.com")
    assert client.get("/signup/check-your-mail/").status_code == 200
    name = installation.ASKING_COOKIE_NAME
    good = client.cookies[name].value
    value = good.partition(":")[0]
    client.cookies[name] = {
        "cut": good[:-1],
        "bit": ("b" if good[0] == "a" else "a") + good[1:],
        "other purpose": signing.TimestampSigner(salt="another").sign(value),
        "unsigned": value,
    }[change]
    assert client.get("/signup/check-your-mail/").status_code == 302


def test_a_cookie_is_good_for_its_time(client: Client) -> None:
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False) as clock:
        ask(ClientVisitor(client), "anna@walkers.com")
        client.cookies[installation.ASKING_COOKIE_NAME]["max-age"] = ""
        clock.shift(dt.timedelta(days=7, minutes=-1))
        assert client.get("/signup/check-your-mail/").status_code == 200
        clock.shift(dt.timedelta(minutes=2))
        assert client.get("/signup/check-your-mail/").status_code == 302
