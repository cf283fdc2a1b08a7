"""Sensitive actions ask for the second factor once more, and go on afterwards with all that was typed."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from tenants.models import Tenant, User
from tests.factories import OperatorFactory, UserFactory
from tests.second_factors import set_up_app, shown_code
from tests.staff import administrator, sign_in_fresh
from tests.walk import PASSWORD, ClientVisitor, sign_in

pytestmark = pytest.mark.django_db
USERS = reverse("admin:tenants_user_changelist")
BY_CODE, BY_PASSWORD = reverse("mfa_reauthenticate"), reverse("account_reauthenticate")


@pytest.fixture
def boss() -> User:
    boss = administrator()
    set_up_app(boss)
    return boss


def chosen(action: str, *users: User) -> dict[str, Any]:
    return {"action": action, "_selected_action": [str(user.pk) for user in users]}


def test_an_action_goes_on_after_the_code_with_all_that_was_chosen(
    client: Client, boss: User
) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    colleagues = UserFactory.create_batch(2, tenant=boss.tenant)
    filtered = f"{USERS}?state__exact=active"
    asked = client.post(filtered, chosen("disable", *colleagues))
    assert asked.headers["Location"] == BY_CODE
    done = client.post(BY_CODE, {"code": shown_code()}, follow=True)
    assert done.redirect_chain == [(filtered, 307), (filtered, 302)]
    assert "2 accounts were changed." in done.content.decode()
    assert {user.state for user in User.objects.exclude(pk=boss.pk)} == {"disabled"}


def test_a_wrong_code_changes_nothing(client: Client, boss: User) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    colleague = UserFactory.create(tenant=boss.tenant)
    client.post(USERS, chosen("disable", colleague))
    assert client.post(BY_CODE, {"code": "000000"}).status_code == 200
    assert User.objects.get(pk=colleague.pk).is_active


def test_a_factor_given_a_moment_ago_is_not_asked_for_again(client: Client, boss: User) -> None:
    sign_in_fresh(client, boss, minutes_ago=9)
    colleague = UserFactory.create(tenant=boss.tenant)
    client.post(USERS, chosen("disable", colleague))
    assert not User.objects.get(pk=colleague.pk).is_active


def test_a_password_does_not_do_for_who_has_a_second_factor(client: Client, boss: User) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    colleague = UserFactory.create(tenant=boss.tenant)
    client.post(USERS, chosen("disable", colleague))
    assert b"Use your password" not in client.get(BY_CODE).content
    answer = client.post(BY_PASSWORD, {"password": PASSWORD})
    assert answer.headers["Location"].startswith(BY_CODE)
    assert User.objects.get(pk=colleague.pk).is_active


def test_an_operator_without_one_gives_the_password(client: Client) -> None:
    sign_in_fresh(client, operator := OperatorFactory.create(), minutes_ago=11)
    user = UserFactory.create()
    assert client.post(USERS, chosen("disable", user)).headers["Location"] == BY_PASSWORD
    done = client.post(BY_PASSWORD, {"password": PASSWORD}, follow=True)
    assert "1 account was changed." in done.content.decode()
    assert operator.is_superuser


def test_what_is_not_sensitive_is_done_at_once(client: Client, boss: User) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    colleague = UserFactory.create(tenant=boss.tenant, state="disabled")
    client.post(USERS, chosen("restore", colleague))
    assert User.objects.get(pk=colleague.pk).is_active


def test_what_waited_is_not_done_in_place_of_another_form(client: Client, boss: User) -> None:
    """Somebody leaves the proof, and comes back to the list later."""
    sign_in_fresh(client, boss, minutes_ago=11)
    one, other = UserFactory.create_batch(2, tenant=boss.tenant)
    client.post(USERS, chosen("disable", one))
    client.post(BY_CODE, {"code": shown_code(), "csrfmiddlewaretoken": "of the proof"})
    client.post(USERS, {**chosen("disable", other), "csrfmiddlewaretoken": "of the list"})
    assert User.objects.get(pk=one.pk).is_active
    assert not User.objects.get(pk=other.pk).is_active


def test_a_form_that_comes_back_stands_at_its_own_address(client: Client, boss: User) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    page = reverse("admin:tenants_tenant_change", args=(boss.tenant_id,))
    client.post(page, {"allow_email_verified_users": "on"})
    answer = client.post(BY_CODE, {"code": shown_code()}, follow=True)
    assert answer.request["PATH_INFO"] == page


# Coming in.


def test_an_administrator_without_a_second_factor_is_led_to_set_one_up(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    boss = administrator()
    sign_in(ClientVisitor(client), str(boss.email))
    page = client.get("/admin/", follow=True)
    assert page.redirect_chain == [(reverse("mfa_index"), 302)]
    assert "Administrators sign in with a second factor" in page.content.decode()
    assert client.get("/account/").status_code == 200
    activate = reverse("mfa_activate_totp")
    client.post(client.get(activate).headers["Location"], {"password": PASSWORD})
    client.get(activate)
    code = shown_code(secret=client.session["mfa.totp.secret"])
    # As it is outside a test, whose transaction never commits: within the request.
    monkeypatch.setattr(transaction, "on_commit", lambda then, **_: then())
    assert client.post(activate, {"code": code}).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_a_session_from_before_the_factor_gives_it_once(client: Client, boss: User) -> None:
    client.force_login(boss)
    asked = client.get(f"{USERS}?q=a")
    assert asked.headers["Location"] == BY_CODE
    back = client.post(BY_CODE, {"code": shown_code()})
    assert back.headers["Location"] == f"{USERS}?q=a"
    assert client.get(f"{USERS}?q=a").status_code == 200


def test_an_operator_is_warned_until_one_is_set_up(client: Client) -> None:
    client.force_login(operator := OperatorFactory.create())
    assert "with a password alone" in client.get("/admin/").content.decode()
    set_up_app(operator)
    assert "with a password alone" not in client.get("/admin/").content.decode()


def test_the_switches_ask_for_it(client: Client, boss: User) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    page = reverse("admin:tenants_tenant_change", args=(boss.tenant_id,))
    assert client.post(page, {}).headers["Location"] == BY_CODE
    assert Tenant.objects.get(users=boss).allow_ad_hoc_subscriptions
