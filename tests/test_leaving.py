"""Leaving: the data to take along, and closing the account, by its owner."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from tenants.models import Tenant, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.passkeys import Passkey
from tests.second_factors import shown_code
from tests.test_commands import run
from tests.walk import PASSWORD, ClientVisitor, sign_in, sign_up

pytestmark = pytest.mark.django_db
ANNA = "anna@walkers.com"
CLOSE, EXPORT = "/account/close/", "/account/export/"


@pytest.fixture
def anna(client: Client) -> Client:
    sign_up(ClientVisitor(client), LocalInbox(), ANNA)
    return client


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def close(client: Client, **fields: str) -> Any:
    return client.post(CLOSE, {"is_sure": "on"} | fields)


def sign_in_and_prove_it(client: Client, user: User) -> None:
    sign_in(ClientVisitor(client), str(user.email))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def later() -> time_machine.travel:
    """Longer than somebody is believed to be who they were."""
    return time_machine.travel(timezone.now() + dt.timedelta(minutes=10))


def test_the_account_page_offers_both(anna: Client) -> None:
    page = anna.get("/account/").content.decode()
    assert CLOSE in page
    assert EXPORT in page


def test_closing_signs_out_everywhere_and_confirms_by_mail(anna: Client) -> None:
    elsewhere = Client()
    sign_in(ClientVisitor(elsewhere), ANNA)
    answer = close(anna)
    assert answer.headers["Location"] == "/accounts/login/"
    assert not is_in(anna)
    assert not is_in(elsewhere)
    assert b"Your account is closed" in anna.get("/accounts/login/").content
    assert LocalInbox().mails_to(ANNA)[-1].subject.endswith("is closed")
    assert sign_in(ClientVisitor(anna), ANNA).status == 200
    user = User.objects.get()
    assert (user.state, user.email, user.first_name) == ("closed", None, "")
    event = AuditEvent.objects.get(action="user.closed")
    assert (event.actor_id, event.subject) == (user.id, f"user:{user.id}")


def test_the_page_changes_nothing_and_needs_the_box_ticked(anna: Client) -> None:
    page = anna.get(CLOSE).content.decode()
    assert "stays readable" in page
    assert EXPORT in page
    refused = anna.post(CLOSE, {})
    assert b"Tick the box" in refused.content
    assert is_in(anna)


@pytest.mark.parametrize("path", [CLOSE, EXPORT])
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_signed_in_long_ago_is_asked_again(anna: Client, path: str, method: str) -> None:
    with later():
        answer = getattr(anna, method)(path, {"is_sure": "on"})
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
        assert User.objects.get().is_active
        anna.post(answer.headers["Location"], {"password": PASSWORD})
        # What was pressed before the question goes on after it.
        has_closed = (method, path) == ("post", CLOSE)
        assert User.objects.get().is_active is not has_closed


def test_a_wrong_answer_closes_nothing(anna: Client) -> None:
    with later():
        question = close(anna).headers["Location"]
        assert anna.post(question, {"password": "not the password at all"}).status_code == 200
        assert User.objects.get().is_active


def test_a_second_factor_is_asked_for_as_well(client: Client) -> None:
    user = UserFactory.create()
    sign_in(ClientVisitor(client), str(user.email))
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    Passkey(user).add(client)
    with later():
        assert "reauthenticate" in client.get(CLOSE).headers["Location"]


@pytest.mark.parametrize("managed", [False, True])
@pytest.mark.parametrize("admission", ["not_needed", "awaited"])
@pytest.mark.parametrize("is_proven", [True, False])
def test_whoever_can_sign_in_can_leave(
    client: Client, managed: bool, admission: str, is_proven: bool
) -> None:
    tenant = TenantFactory.create(state=Tenant.State.MANAGED if managed else "unmanaged")
    user = UserFactory.create(tenant=tenant, admission=admission)
    if not is_proven:
        tenant.domains.update(state="verified")
        user.addresses.update(proven_at=None)
    sign_in_and_prove_it(client, user)
    assert client.post(EXPORT).status_code == 200
    close(client)
    user.refresh_from_db()
    assert user.state == User.State.CLOSED


@pytest.mark.parametrize("who", ["administrator", "operator"])
def test_the_last_one_is_told_what_to_do_first(client: Client, who: str) -> None:
    user = (
        OperatorFactory.create()
        if who == "operator"
        else UserFactory.create(tenant=TenantFactory.create(state="managed"), role=who)
    )
    sign_in_and_prove_it(client, user)
    answer = close(client)
    assert answer.status_code == 200
    assert f"the last active {who}" in answer.content.decode()
    assert is_in(client)


def test_the_download_has_everything_and_no_secret(anna: Client) -> None:
    anna.get("/accounts/2fa/totp/activate/")
    secret = anna.session["mfa.totp.secret"]
    anna.post("/accounts/2fa/totp/activate/", {"code": shown_code(secret=secret)})
    answer = anna.post(EXPORT)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="account-')
    data = json.loads(answer.content)
    assert data["account"]["email"] == ANNA
    assert data["account"]["first_name"] == "Robin"
    assert [row["address"] for row in data["account"]["addresses"]] == [ANNA]
    for part in ("sessions", "second_factors", "licences", "sign_ups", "accepted_documents"):
        assert data[part], part
    assert "signup.confirm" in {row["kind"] for row in data["mails"]}
    assert "signup.completed" in {row["action"] for row in data["activity"]}
    text, user = answer.content.decode(), User.objects.get()
    assert user.password not in text
    assert secret not in text
    assert str(anna.session.session_key) not in text
    assert AuditEvent.objects.filter(action="user.exported", actor_id=user.id).count() == 1


def test_the_download_has_nothing_of_anybody_else(anna: Client) -> None:
    sign_up(ClientVisitor(Client()), LocalInbox(), "bert@walkers.com")
    assert b"bert" not in anna.post(EXPORT).content


def test_the_command_writes_the_same(anna: Client) -> None:
    from_page = json.loads(anna.post(EXPORT).content)
    from_command = run("export_account", ANNA)
    assert from_command.keys() == from_page.keys()
    assert from_command["account"] == from_page["account"]


def test_the_download_is_limited(anna: Client) -> None:
    codes = [anna.post(EXPORT).status_code for _ in range(6)]
    assert codes == [200] * 5 + [302]
    assert b"Try again in an hour" in anna.get(EXPORT).content
