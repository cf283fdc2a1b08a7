"""Second factors: codes work once, a lost key ends in a sentence, and an operator can reset them."""

from __future__ import annotations

import datetime as dt
import io
import json
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from accounts import second_factors
from accounts.exceptions import SecretsUnreadable
from accounts.tasks import renew_second_factors
from audit.models import AuditEvent
from tenants.models import User
from tests.factories import OperatorFactory, UserFactory
from tests.outbox import LocalInbox
from tests.second_factors import OLD_KEY, recovery_codes, set_up_app, shown_code
from tests.staff import sign_in_fresh
from tests.walk import PASSWORD, ClientVisitor, Page, sign_in

pytestmark = pytest.mark.django_db
START = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
TYPE_CODE = "/accounts/2fa/authenticate/"
LOST = "The key that codes were kept under was lost"


@pytest.fixture
def visitor(client: Client) -> ClientVisitor:
    return ClientVisitor(client)


@pytest.fixture
def anna() -> User:
    user: User = UserFactory.create()
    return user


def sign_in_with(visitor: ClientVisitor, user: User, code: str) -> Page:
    assert sign_in(visitor, user.email or "").location == TYPE_CODE
    return visitor.post(TYPE_CODE, {"code": code})


def run(*words: str) -> Any:
    out = io.StringIO()
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


def test_a_code_of_the_app_works_once(anna: User) -> None:
    set_up_app(anna)
    with time_machine.travel(START, tick=False) as clock:
        code = shown_code()
        assert sign_in_with(ClientVisitor(Client()), anna, code).location == "/welcome/"
        clock.shift(35)  # the code is still one of the neighbouring step
        again = sign_in_with(ClientVisitor(Client()), anna, code)
        assert again.status == 200
        assert "Incorrect code" in again.text
        assert sign_in_with(ClientVisitor(Client()), anna, shown_code()).status == 302


def test_a_recovery_code_works_once(anna: User) -> None:
    set_up_app(anna)
    code = recovery_codes(anna)[3]
    assert sign_in_with(ClientVisitor(Client()), anna, code).location == "/welcome/"
    assert sign_in_with(ClientVisitor(Client()), anna, code).status == 200


def test_a_lost_key_is_told_in_a_sentence(
    visitor: ClientVisitor, anna: User, settings: Any
) -> None:
    set_up_app(anna, under=OLD_KEY)
    page = sign_in_with(visitor, anna, shown_code())
    assert page.status == 200
    assert LOST in page.text
    assert "ask whoever runs this service" in page.text
    settings.SUPPORT_EMAIL = "help@rights.example.com"
    assert "help@rights.example.com" in sign_in_with(visitor, anna, "12345678").text
    assert visitor.get("/welcome/").status == 302


def test_who_is_signed_in_when_the_key_is_lost_can_set_everything_up_anew(
    client: Client, visitor: ClientVisitor, anna: User
) -> None:
    client.force_login(anna)
    set_up_app(anna, under=OLD_KEY)
    assert LOST in visitor.get("/accounts/2fa/").text
    proof = visitor.get("/accounts/2fa/totp/deactivate/").location
    assert visitor.post(proof, {"password": PASSWORD}).status == 302
    for path in ("/accounts/2fa/recovery-codes/", "/accounts/2fa/recovery-codes/download/"):
        assert visitor.get(path).location == "/accounts/2fa/"
    assert visitor.get("/accounts/2fa/recovery-codes/generate/").status == 200
    assert visitor.post("/accounts/2fa/recovery-codes/generate/", {}).status == 302
    assert len(recovery_codes(anna)) == 10
    assert visitor.post("/accounts/2fa/totp/deactivate/", {}).status == 302
    assert LOST not in visitor.get("/accounts/2fa/").text


def test_a_secret_under_an_older_key_is_encrypted_anew_when_it_is_used(
    visitor: ClientVisitor, anna: User, settings: Any
) -> None:
    app = set_up_app(anna, under=OLD_KEY)
    settings.SECRET_KEY_FALLBACKS = [OLD_KEY]
    assert sign_in_with(visitor, anna, shown_code()).location == "/welcome/"
    settings.SECRET_KEY_FALLBACKS = []
    app.refresh_from_db()
    assert second_factors.decrypt(app.data["secret"])
    with pytest.raises(SecretsUnreadable):
        recovery_codes(anna)  # not used, not renewed


def test_all_secrets_are_encrypted_anew_so_that_an_older_key_can_go(
    anna: User, settings: Any
) -> None:
    set_up_app(anna, under=OLD_KEY)
    set_up_app(UserFactory.create())
    lost = set_up_app(UserFactory.create(), under="lost" * 16)
    settings.SECRET_KEY_FALLBACKS = [OLD_KEY]
    codes_before = recovery_codes(anna)
    assert run("renew_second_factors", "--dry-run") == {
        "dry_run": True,
        "renewed": 2,
        "unreadable": 2,
    }
    renew_second_factors()
    assert run("renew_second_factors") == {"renewed": 0, "unreadable": 2}
    settings.SECRET_KEY_FALLBACKS = []
    assert recovery_codes(anna) == codes_before
    assert second_factors.has_unreadable(lost.user)
    assert not second_factors.has_unreadable(anna)


def test_an_operator_resets_them_by_a_command(anna: User) -> None:
    set_up_app(anna)
    client = Client()
    client.force_login(anna)
    assert run("reset_second_factors", str(anna.email), "--dry-run")["removed"] == 2
    assert Authenticator.objects.count() == 2
    assert run("reset_second_factors", f" {str(anna.email).upper()} ")["removed"] == 2
    assert ClientVisitor(client).get("/welcome/").status == 302
    assert AuditEvent.objects.get(action="user.second_factors_reset").actor_id is None
    assert "sessions" in LocalInbox().mails_to(str(anna.email))[-1].text
    assert sign_in(ClientVisitor(Client()), str(anna.email)).location == "/welcome/"


def test_resetting_nobodys_second_factors_is_refused() -> None:
    err = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("reset_second_factors", "nobody@walkers.com", stderr=err)
    assert "No account has the address nobody@walkers.com" in err.getvalue()


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ("reset_second_factors", "user.second_factors_reset"),
        ("end_all_sessions", "user.sessions_ended"),
    ],
)
def test_an_operator_does_so_in_the_admin(
    client: Client, anna: User, action: str, event: str
) -> None:
    operator = OperatorFactory.create()
    sign_in_fresh(client, operator)
    hers = Client()
    hers.force_login(anna)
    set_up_app(anna)
    chosen = {"action": action, "_selected_action": [str(anna.pk)]}
    answer = client.post(reverse("admin:tenants_user_changelist"), chosen, follow=True)
    assert "1 account was changed." in answer.content.decode()
    assert ClientVisitor(hers).get("/welcome/").status == 302
    assert AuditEvent.objects.get(action=event).actor_id == operator.pk
    assert Authenticator.objects.exists() is (action == "end_all_sessions")


def test_a_reset_by_mail_does_not_get_past_a_second_factor_nor_in_its_way(
    visitor: ClientVisitor, anna: User, client: Client
) -> None:
    """allauth's own links made a row whose address is unverified, and nobody could add a factor then."""
    visitor.post("/accounts/password/reset/", {"email": anna.email or ""})
    LocalInbox().mails_to(anna.email or "")
    sign_in(visitor, anna.email or "")
    proof = visitor.get("/accounts/2fa/totp/activate/").location
    visitor.post(proof, {"password": PASSWORD})
    secret = (visitor.get("/accounts/2fa/totp/activate/"), client.session["mfa.totp.secret"])[1]
    code = shown_code(secret=secret)
    assert visitor.post("/accounts/2fa/totp/activate/", {"code": code}).status == 302
    assert Authenticator.objects.filter(user=anna, type=Authenticator.Type.TOTP).exists()
