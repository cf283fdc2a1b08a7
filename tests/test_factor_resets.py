"""Resetting second factors: who may, for whom it takes two, and that a new password is chosen before anything else."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.exceptions import DecidedAlready, NeedsSomebodyElse, NothingToReset, RequestTooOld
from accounts.flows import reset_factors
from audit.models import AuditEvent
from tenants.exceptions import NotAllowed
from tenants.models import FactorReset, User
from tests.factories import OperatorFactory, UserFactory
from tests.german import one_line
from tests.outbox import LocalInbox
from tests.second_factors import set_up_app
from tests.staff import administrator, sign_in_fresh
from tests.test_commands import refusal, run
from tests.walk import PASSWORD, ClientVisitor, sign_in

pytestmark = pytest.mark.django_db
USERS = reverse("admin:tenants_user_changelist")
RESETS = reverse("admin:tenants_factorreset_changelist")
CHANGE = reverse("account_change_password")
NEW = "a calm river finds the door"


@pytest.fixture
def boss() -> User:
    return administrator()


@pytest.fixture
def colleague(boss: User) -> User:
    """Another administrator, who has lost phone and key."""
    user = administrator(boss.tenant)
    set_up_app(user)
    return user


def choose(client: Client, action: str, *rows: User | FactorReset) -> str:
    page = USERS if isinstance(rows[0], User) else RESETS
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows]}
    return client.post(page, chosen, follow=True).content.decode()


def factors(user: User) -> int:
    return int(Authenticator.objects.filter(user=user).count())


# A member's.


def test_an_administrator_resets_a_members(client: Client, boss: User) -> None:
    member = UserFactory.create(tenant=boss.tenant)
    set_up_app(member)
    hers = Client()
    hers.force_login(member)
    sign_in_fresh(client, boss)
    assert "1 account was changed." in choose(client, "reset_second_factors", member)
    assert factors(member) == 0
    assert hers.get("/account/").status_code == 302
    told = LocalInbox().mails_to(str(member.email))[-1].text
    assert "15 characters" in one_line(told)
    assert AuditEvent.objects.get(action="user.second_factors_reset").actor_id == boss.pk


def test_who_has_none_is_left_alone(client: Client, boss: User) -> None:
    member = UserFactory.create(tenant=boss.tenant)
    sign_in_fresh(client, boss)
    assert "has no second factor" in choose(client, "reset_second_factors", member)
    assert not LocalInbox().mails_to(str(member.email))
    assert "has no second factor" in refusal("reset_second_factors", str(member.email))


def test_nobody_resets_their_own(boss: User) -> None:
    set_up_app(boss)
    with pytest.raises(NotAllowed):
        reset_factors.reset(user=boss, acting_user=boss)


# A new password before anything else.


@pytest.fixture
def member(boss: User) -> User:
    member = UserFactory.create(tenant=boss.tenant)
    set_up_app(member)
    run("reset_second_factors", str(member.email))
    return User.objects.get(pk=member.pk)


def chosen(old: str, new: str) -> dict[str, str]:
    return {"oldpassword": old, "password1": new, "password2": new}


def test_the_old_password_opens_the_page_for_a_new_one_and_nothing_else(
    client: Client, member: User
) -> None:
    sign_in(ClientVisitor(client), str(member.email))
    for path in ("/welcome/", "/account/", "/accounts/2fa/", "/accounts/2fa/totp/activate/"):
        assert client.get(path).headers["Location"] == CHANGE
    assert "Choose a new password before you go on." in client.get(CHANGE).content.decode()
    too_short = client.post(CHANGE, chosen(PASSWORD, "eleven char")).content.decode()
    assert "15 characters or more" in too_short
    same = client.post(CHANGE, chosen(PASSWORD, PASSWORD)).content.decode()
    assert "This is the password until now." in same
    assert client.post(CHANGE, chosen(PASSWORD, NEW)).status_code == 302
    assert client.get("/account/").status_code == 200


def test_a_new_password_by_mail_does_as_well(client: Client, member: User) -> None:
    client.post("/accounts/password/reset/", {"email": str(member.email)})
    mail = LocalInbox().mails_to(str(member.email))[-1].text
    link = next(word for word in mail.split() if "/password/reset/key/" in word)
    page = client.get("/" + link.split("/", 3)[3], follow=True).request["PATH_INFO"]
    same = client.post(page, {"password1": PASSWORD, "password2": PASSWORD})
    assert "This is the password until now." in same.content.decode()
    assert client.post(page, {"password1": NEW, "password2": NEW}).status_code == 302
    sign_in(ClientVisitor(client), str(member.email), NEW)
    assert client.get("/account/").status_code == 200


# An administrator's: it takes two.


def test_an_administrators_are_reset_when_somebody_else_confirms(
    client: Client, boss: User, colleague: User
) -> None:
    third = administrator(boss.tenant)
    sign_in_fresh(client, boss)
    assert "has to confirm it" in choose(client, "reset_second_factors", colleague)
    assert factors(colleague) == 2
    assert "was asked for" in LocalInbox().mails_to(str(colleague.email))[-1].subject
    assert "waits for you" in LocalInbox().mails_to(str(third.email))[-1].subject
    assert not LocalInbox().mails_to(str(boss.email))
    asked = FactorReset.objects.get()
    assert "two people" in choose(client, "approve", asked)
    assert factors(colleague) == 2
    sign_in_fresh(other := Client(), third)
    choose(other, "approve", asked)
    assert factors(colleague) == 0
    colleague.refresh_from_db()
    assert colleague.must_choose_password
    asked.refresh_from_db()
    assert (asked.state, asked.decided_by) == ("done", third)


def test_an_operator_does_it_alone_and_confirms_for_two(
    client: Client, boss: User, colleague: User
) -> None:
    operator = OperatorFactory.create()
    asked = reset_factors.ask(user=colleague, acting_user=boss)
    reset_factors.approve(request=asked, acting_user=operator)
    assert factors(colleague) == 0
    set_up_app(colleague)
    sign_in_fresh(client, operator)
    assert "1 account was changed." in choose(client, "reset_second_factors", colleague)
    assert factors(colleague) == 0


def test_it_is_declined_and_confirmed_no_more(client: Client, boss: User, colleague: User) -> None:
    asked = reset_factors.ask(user=colleague, acting_user=boss)
    sign_in_fresh(client, boss)
    assert "decided" in choose(client, "decline", asked)
    with pytest.raises(DecidedAlready):
        reset_factors.approve(request=asked, acting_user=administrator(boss.tenant))
    assert factors(colleague) == 2


def test_what_was_asked_long_ago_is_asked_for_again(boss: User, colleague: User) -> None:
    asked = reset_factors.ask(user=colleague, acting_user=boss)
    third = administrator(boss.tenant)
    with time_machine.travel(timezone.now() + dt.timedelta(days=3, minutes=1)):
        with pytest.raises(RequestTooOld):
            reset_factors.approve(request=asked, acting_user=third)
        again = reset_factors.ask(user=colleague, acting_user=boss)
        assert reset_factors.approve(request=again, acting_user=third) == 2


@pytest.mark.parametrize("who", ["the owner", "who asked", "an outsider", "a member"])
def test_nobody_else_confirms(boss: User, colleague: User, who: str) -> None:
    asked = reset_factors.ask(user=colleague, acting_user=boss)
    actor = {
        "the owner": colleague,
        "who asked": boss,
        "an outsider": administrator(),
        "a member": UserFactory.create(tenant=boss.tenant),
    }[who]
    with pytest.raises((NotAllowed, NeedsSomebodyElse)):
        reset_factors.approve(request=asked, acting_user=actor)
    assert factors(colleague) == 2


def test_the_database_holds_that_it_takes_two(boss: User, colleague: User) -> None:
    asked = reset_factors.ask(user=colleague, acting_user=boss)
    for alone in (boss, colleague):
        with pytest.raises(IntegrityError), transaction.atomic():
            FactorReset.objects.filter(pk=asked.pk).update(
                state="done", decided_by=alone, decided_at=timezone.now()
            )


def test_there_is_nothing_to_ask_for_without_factors(boss: User) -> None:
    with pytest.raises(NothingToReset):
        reset_factors.ask(user=administrator(boss.tenant), acting_user=boss)
