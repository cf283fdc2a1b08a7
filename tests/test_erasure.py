"""What is personal about accounts that left is gone in time, everywhere; what must stay, stays without a name."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.apps import apps
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import override_settings
from django.utils import timezone

from audit.models import AuditEvent
from outbox.models import OutboxMail
from outbox.services import purge as purge_mail
from signup.models import SignUp
from signup.services import purge as purge_sign_ups
from tenants.flows.erase import erase_due
from tenants.models import Address, PendingErasure, User
from tenants.selectors import user_by_address
from tests.factories import UserFactory
from tests.outbox import LocalInbox
from tests.passkeys import Passkey
from tests.test_commands import refusal, run
from tests.walk import PASSWORD, ClientVisitor, ask, finish, sign_in, sign_up

pytestmark = pytest.mark.django_db
INBOX = LocalInbox()
ANNA = "anna.quetzalcoatl@walkers.com"
NAMES = ("quetzalcoatl", "robinella", "recipientsson", "browserofanna")


def after(**time: float) -> time_machine.travel:
    return time_machine.travel(timezone.now() + dt.timedelta(**time))


def anna_with_everything(client: Client) -> User:
    """Somebody who left traces in every room."""
    sign_up(ClientVisitor(client), INBOX, ANNA)
    user = User.objects.get(email=ANNA)
    client.post("/account/", {"first_name": "Robinella", "last_name": "Recipientsson"})
    client.post("/accounts/password/reset/", {"email": ANNA})
    client.post("/account/export/")
    other = Client(headers={"user-agent": "BrowserOfAnna/1"})
    sign_in(ClientVisitor(other), ANNA)
    Passkey(user).add(client)
    with after(minutes=5):
        ask(ClientVisitor(Client()), ANNA)
    INBOX.mails_to(ANNA)
    return user


def everything() -> str:
    """Every value of every row of every table, as one text."""
    texts = []
    with connection.cursor() as cursor:
        for model in apps.get_models(include_auto_created=True):
            cursor.execute(f'SELECT * FROM "{model._meta.db_table}"')  # noqa: S608 -- names of tables
            texts += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(texts).lower()


def nightly() -> None:
    erase_due()
    purge_sign_ups()
    purge_mail()


@pytest.mark.parametrize("leaving", ["close_account", "delete_user"])
def test_after_30_days_neither_name_nor_address_is_in_any_table(
    client: Client, leaving: str
) -> None:
    anna_with_everything(client)
    before = everything()
    assert [name for name in NAMES if name not in before] == []
    with after(hours=1):
        run(leaving, ANNA)
        INBOX.mails_to(ANNA)
    with after(days=30, hours=1, minutes=1):
        nightly()
        left = everything()
    assert [name for name in NAMES if name in left] == []
    user = User.objects.get()
    assert user.state in {"closed", "deleted"}
    assert AuditEvent.objects.filter(action="user.erased", subject=f"user:{user.id}").exists()
    assert not PendingErasure.objects.exists()


def test_a_deleted_account_is_whole_until_its_30_days_are_over(client: Client) -> None:
    user = anna_with_everything(client)
    run("delete_user", ANNA)
    with after(days=29):
        nightly()
        assert run("restore_user", ANNA)["id"] == str(user.id)
    with after(days=60):
        nightly()
    user.refresh_from_db()
    assert (user.first_name, user.email) == ("Robinella", ANNA)


def test_an_erased_account_cannot_be_restored_and_its_address_stays_reserved(
    client: Client,
) -> None:
    user = anna_with_everything(client)
    run("delete_user", ANNA)
    with after(days=31):
        nightly()
        assert "cannot be restored" in refusal("restore_user", ANNA)
        found = user_by_address(ANNA)
        assert found
        assert (found.pk, found.is_erased) == (user.pk, True)
        ask(ClientVisitor(Client()), ANNA)
        assert INBOX.mails_to(ANNA)[-1].subject.endswith("is switched off")
        client.post("/accounts/password/reset/", {"email": ANNA})
        assert INBOX.mails_to(ANNA)[-1].subject.endswith("is switched off")
        assert sign_in(ClientVisitor(client), ANNA).status == 200
    assert [row["email"] for row in run("list_users", "walkers.com")] == [None]
    assert "quetzalcoatl" not in Address.objects.get().address


def test_a_reservation_outlives_a_new_secret_key(client: Client) -> None:
    anna_with_everything(client)
    run("delete_user", ANNA)
    with after(days=31):
        nightly()
    new = {"SECRET_KEY": "n" * 60, "SECRET_KEY_FALLBACKS": [settings.SECRET_KEY]}
    with override_settings(**new):
        assert user_by_address(ANNA)
    with override_settings(SECRET_KEY="n" * 60):
        assert user_by_address(ANNA) is None


@pytest.mark.parametrize("days", [0, 31])
def test_a_released_address_is_free_and_its_new_account_inherits_nothing(
    client: Client, days: int
) -> None:
    old = anna_with_everything(client)
    assert "no address to release" in refusal("release_address", ANNA)
    run("delete_user", ANNA)
    with after(days=days, hours=2):
        nightly()
        assert run("release_address", ANNA, "--dry-run")["state"] == "deleted"
        assert run("release_address", ANNA)["email"] is None
        assert "No account has the address" in refusal("restore_user", ANNA)
        newcomer = Client()
        ask(ClientVisitor(newcomer), ANNA)
        finish(ClientVisitor(newcomer), INBOX.mails_to(ANNA)[-1].link())
        new = User.objects.get(email=ANNA)
        assert new.pk != old.pk
        assert not hasattr(new, "pending_erasure")
        assert newcomer.get("/account/").status_code == 200
        assert client.get("/account/").status_code == 302
    assert "robinella" not in everything()


def test_whoever_has_the_address_next_keeps_what_is_theirs(client: Client) -> None:
    """The old account is erased after somebody else signed up at its address."""
    anna_with_everything(client)
    with after(hours=1):
        run("close_account", ANNA)
    with after(hours=2):
        sign_up(ClientVisitor(Client()), INBOX, ANNA)
        new = User.objects.get(email=ANNA)
    with after(days=5):
        erase_due()
    assert SignUp.objects.filter(user=new).exists()
    assert set(OutboxMail.objects.values_list("kind", flat=True)) == {"signup.confirm"}
    new.refresh_from_db()
    assert (new.email, new.check_password(PASSWORD)) == (ANNA, True)


def test_only_those_who_are_due_are_erased_and_each_once() -> None:
    closed, waiting = UserFactory.create(), UserFactory.create()
    run("close_account", str(closed.email))
    run("delete_user", str(waiting.email))
    assert erase_due() == 0
    with after(days=5):
        assert (erase_due(), erase_due()) == (1, 0)
    waiting.refresh_from_db()
    assert waiting.first_name == "Mina"
