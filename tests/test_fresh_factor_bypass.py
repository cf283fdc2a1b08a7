"""Whoever has somebody's session, or password, or both, looks for a way around the second factor."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from audit.scoped_admin import ScopedAdmin
from tenants.flows import states
from tenants.models import User
from tests.factories import OperatorFactory, UserFactory
from tests.second_factors import set_up_app, shown_code
from tests.staff import administrator, sign_in_fresh
from tests.walk import PASSWORD

pytestmark = pytest.mark.django_db
USERS = reverse("admin:tenants_user_changelist")
BY_CODE, BY_PASSWORD = reverse("mfa_reauthenticate"), reverse("account_reauthenticate")
OF_FACTORS = [
    reverse(name)
    for name in (
        "mfa_deactivate_totp",
        "mfa_add_webauthn",
        "mfa_view_recovery_codes",
        "mfa_download_recovery_codes",
        "mfa_generate_recovery_codes",
    )
]


@pytest.fixture
def boss() -> User:
    boss = administrator()
    set_up_app(boss)
    return boss


@pytest.fixture
def colleague(boss: User) -> User:
    return UserFactory.create(tenant=boss.tenant)


# One form may name several actions, and say by a number which of them it means.


@pytest.mark.parametrize("index", [{"index": "0"}, {}, {"index": "-2"}])
def test_a_harmless_action_is_no_cover_for_another(
    client: Client, boss: User, colleague: User, index: dict[str, str]
) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    sent: dict[str, Any] = {
        "action": ["disable", "admit"],
        "_selected_action": [str(colleague.pk)],
        **index,
    }
    answer = client.post(USERS, sent)
    assert answer.headers["Location"] == BY_CODE
    assert User.objects.get(pk=colleague.pk).is_active


def test_every_sensitive_action_of_every_page_asks_wherever_it_stands_in_the_form(
    client: Client, boss: User
) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    asked = 0
    for model, page in admin.site._registry.items():
        if not isinstance(page, ScopedAdmin) or page.reach is None:
            continue
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for action in page.sensitive_actions:
            for actions in ([action], [action, "x"], ["x", action], ["", action, ""]):
                for index in ("0", "1", "-1", "zz"):
                    sent = {"action": actions, "index": index, "_selected_action": ["1"]}
                    answer = client.post(address, sent)
                    assert answer.headers.get("Location") == BY_CODE, (address, actions, index)
                    asked += 1
    assert asked >= 100


def test_an_administrator_who_was_shut_out_comes_back_by_a_fresh_factor_alone(
    client: Client, boss: User
) -> None:
    rogue = administrator(boss.tenant)
    for state in ("disabled", "deleted"):
        sign_in_fresh(client, boss)
        verb = {"disabled": states.disable, "deleted": states.delete}[state]
        verb(user=User.objects.get(pk=rogue.pk), acting_user=boss)
        sign_in_fresh(client, boss, minutes_ago=11)
        answer = client.post(USERS, {"action": "restore", "_selected_action": [str(rogue.pk)]})
        assert answer.headers["Location"] == BY_CODE
        assert User.objects.get(pk=rogue.pk).state == state
        sign_in_fresh(client, boss)
        client.post(USERS, {"action": "restore", "_selected_action": [str(rogue.pk)]})
        assert User.objects.get(pk=rogue.pk).is_administrator


# The password is no way to take the factor away, nor to get at a code.


@pytest.mark.parametrize("who", ["an administrator", "an operator"])
@pytest.mark.parametrize("page", OF_FACTORS)
def test_a_password_does_not_open_the_pages_of_factors_to_staff(
    client: Client, boss: User, who: str, page: str
) -> None:
    user = boss if who == "an administrator" else OperatorFactory.create()
    if user is not boss:
        set_up_app(user)
    sign_in_fresh(client, user, minutes_ago=11)
    asked = client.get(page)
    assert asked.headers["Location"].startswith(BY_CODE), page
    by_password = client.post(BY_PASSWORD, {"password": PASSWORD})
    assert by_password.headers["Location"].startswith(BY_CODE)
    client.post(page, {})
    assert client.get(page).status_code == 302
    assert Authenticator.objects.filter(user=user).count() == 2
    client.post(BY_CODE, {"code": shown_code()})
    assert client.get(page).status_code == 200


def test_whoever_took_the_factor_away_does_nothing_sensitive_with_the_password(
    client: Client, boss: User, colleague: User
) -> None:
    """The whole of the attack: password, factor away, password again, and the colleague is out."""
    sign_in_fresh(client, boss, minutes_ago=11)
    client.post(BY_PASSWORD, {"password": PASSWORD})
    client.post(reverse("mfa_deactivate_totp"), {})
    client.post(USERS, {"action": "disable", "_selected_action": [str(colleague.pk)]})
    client.post(BY_PASSWORD, {"password": PASSWORD}, follow=True)
    assert User.objects.get(pk=colleague.pk).is_active


def test_a_member_still_changes_factors_with_the_password(client: Client) -> None:
    member = UserFactory.create()
    set_up_app(member)
    sign_in_fresh(client, member, minutes_ago=11)
    page = reverse("mfa_view_recovery_codes")
    assert client.get(page).headers["Location"].startswith(BY_PASSWORD)
    client.post(BY_PASSWORD, {"password": PASSWORD})
    assert client.get(page).status_code == 200


# What waited for the proof is done once, in its own session.


def test_what_waited_is_done_once_and_in_no_other_session(
    client: Client, boss: User, colleague: User
) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    sign_in_fresh(parallel := Client(), boss, minutes_ago=11)
    sent = {"action": "disable", "_selected_action": [str(colleague.pk)]}
    client.post(USERS, sent)
    parallel.post(BY_CODE, {"code": shown_code()}, follow=True)
    assert User.objects.get(pk=colleague.pk).is_active
    client.post(BY_CODE, {"code": shown_code(steps=1)}, follow=True)
    assert not User.objects.get(pk=colleague.pk).is_active
    User.objects.filter(pk=colleague.pk).update(state="active")
    # Back in the browser, and the code sent once more.
    client.post(BY_CODE, {"code": shown_code(steps=1)}, follow=True)
    client.post(USERS, {"code": shown_code(steps=1)})
    assert User.objects.get(pk=colleague.pk).is_active


def test_another_address_of_the_same_list_asks_as_well(
    client: Client, boss: User, colleague: User
) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    sent = {"action": "disable", "_selected_action": [str(colleague.pk)], "select_across": "1"}
    for tail in ("?_popup=1", "?all=", "?q=", "?_changelist_filters=x", "?e=1", "?_to_field=id"):
        client.post(USERS + tail, sent)
        client.post(USERS + tail, {**sent, "_save": "1"})
    assert User.objects.get(pk=colleague.pk).is_active
