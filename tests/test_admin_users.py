"""The list of accounts: found by how they were made and when they last signed in, taken along as a file, and what
may be done stands on each account's page.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable
from typing import cast

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from audit.services import record
from tenants.models import User
from tests.factories import OperatorFactory, UserFactory
from tests.staff import administrator, sign_in_fresh

pytestmark = pytest.mark.django_db
USERS = reverse("admin:tenants_user_changelist")


@pytest.fixture
def boss(client: Client) -> User:
    boss = administrator()
    sign_in_fresh(client, boss)
    User.objects.update(last_login=timezone.now() - dt.timedelta(hours=1))
    return boss


def downloaded(client: Client, query: str = "") -> list[dict[str, str]]:
    answer = client.get(f"{USERS}export/{query}")
    lines = b"".join(cast("Iterable[bytes]", answer)).decode()
    return list(csv.DictReader(io.StringIO(lines)))


@pytest.mark.parametrize(
    ("days", "ranges"),
    [
        (0, {"1", "7", "30"}),
        (3, {"7", "30"}),
        (20, {"30"}),
        (40, {"over-30"}),
        (100, {"over-30", "over-90"}),
        (None, {"never"}),
    ],
)
def test_accounts_are_found_by_their_last_sign_in(
    client: Client, boss: User, days: int | None, ranges: set[str]
) -> None:
    last = None if days is None else timezone.now() - dt.timedelta(days=days)
    user = UserFactory.create(tenant=boss.tenant, last_login=last)
    found = {
        value
        for value in ("1", "7", "30", "over-30", "over-90", "never")
        if str(user.email) in client.get(USERS, {"last_sign_in": value}).content.decode()
    }
    assert found == ranges


def test_accounts_are_found_by_how_they_were_made(client: Client, boss: User) -> None:
    made = UserFactory.create(tenant=boss.tenant, creation_method="admin")
    page = client.get(USERS, {"creation_method__exact": "admin"}).content.decode()
    assert str(made.email) in page
    assert str(boss.email) not in page.partition("results")[2]


def test_the_list_is_taken_along_as_it_is_filtered(client: Client, boss: User) -> None:
    user = UserFactory.create(tenant=boss.tenant, state="disabled", email=f"=1+1@{boss.tenant}")
    UserFactory.create()
    assert {row["E-mail address"] for row in downloaded(client)} == {
        str(boss.email),
        f"'{user.email}",
    }
    (row,) = downloaded(client, "?state__exact=disabled")
    assert (row["State"], row["Role"]) == ("disabled", "member")
    assert AuditEvent.objects.filter(action="list.exported", tenant_id=boss.tenant_id).count() == 2
    assert client.get(f"{USERS}export/?nonsense=1").status_code == 400


# What a page of an account offers: what can be done with it as it is, and nothing else.
EITHER = {"end_all_sessions", "reset_second_factors"}
OFFERED = {
    ("active", "member"): EITHER | {"disable", "delete_for_now", "make_administrator"},
    ("active", "administrator"): EITHER | {"disable", "delete_for_now", "make_member"},
    ("disabled", "member"): {"restore", "delete_for_now"},
    ("deleted", "member"): {"restore", "release"},
    ("closed", "member"): set[str](),
}


@pytest.mark.parametrize(("state", "role"), OFFERED)
def test_what_may_be_done_stands_on_the_accounts_page(
    client: Client, boss: User, state: str, role: str
) -> None:
    user = UserFactory.create(tenant=boss.tenant, role=role)
    kept = {"email": None} if state == "closed" else {}
    User.objects.filter(pk=user.pk).update(state=state, **kept)
    page = client.get(reverse("admin:tenants_user_change", args=(user.pk,))).content.decode()
    buttons = re.findall(r'<button class="button[^"]*" name="action" value="(\w+)">', page)
    assert set(buttons) == OFFERED[state, role]
    assert (f'name="_selected_action" value="{user.pk}"' in page) is bool(buttons)


def test_who_has_one_organisation_goes_there_at_once(client: Client, boss: User) -> None:
    answer = client.get(reverse("admin:tenants_tenant_changelist"), follow=True)
    assert answer.request["PATH_INFO"].endswith(f"/{boss.tenant_id}/change/")
    assert "My organisation" in client.get("/admin/").content.decode()


def test_the_log_has_names_but_none_of_another_organisation(client: Client, boss: User) -> None:
    member, outsider = UserFactory.create(tenant=boss.tenant), UserFactory.create()
    operator = OperatorFactory.create()
    for actor in (boss, operator, outsider, None):
        record(
            action="user.noted",
            subject=f"user:{member.pk}",
            tenant_id=boss.tenant_id,
            acting_user=actor,
        )
    page = client.get(reverse("admin:audit_auditevent_changelist")).content.decode()
    for name in (boss, operator, f"user: {member}", "the system", outsider.pk):
        assert str(name) in page
    assert str(outsider.email) not in page
    event = AuditEvent.objects.get(actor_id=outsider.pk)
    row = client.get(reverse("admin:audit_auditevent_change", args=(event.pk,))).content.decode()
    assert str(member.email) in row
    assert str(outsider.email) not in row
