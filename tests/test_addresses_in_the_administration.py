"""An account's addresses in the administration, changed by an administrator of its organisation."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from tenants.models import Domain, Tenant, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.staff import administrator, sign_in_fresh

pytestmark = pytest.mark.django_db
ANNA, NEW = "anna@walkers.com", "anna.smith@walkers.com"


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory.create(name="walkers.com", state=Tenant.State.MANAGED)
    tenant.domains.update(state=Domain.State.VERIFIED)
    return tenant


@pytest.fixture
def anna(tenant: Tenant) -> User:
    return UserFactory.create(tenant=tenant, email=ANNA)


@pytest.fixture
def boss(client: Client, tenant: Tenant) -> User:
    boss = administrator(tenant)
    sign_in_fresh(client, boss)
    return boss


def page(user: User) -> str:
    return reverse("admin:tenants_user_addresses", args=(user.pk,))


def addresses_of(user: User) -> list[str]:
    return list(user.addresses.order_by("-is_primary", "address").values_list("address", flat=True))


def post(client: Client, user: User, **typed: str) -> Any:
    return client.post(page(user), typed, follow=True)


def test_the_page_of_an_account_leads_there(client: Client, boss: User, anna: User) -> None:
    row = client.get(reverse("admin:tenants_user_change", args=(anna.pk,))).content.decode()
    assert page(anna) in row
    assert ANNA in client.get(page(anna)).content.decode()


@pytest.mark.parametrize(
    ("use", "expected"), [("keep", [NEW, ANNA]), ("drop", [NEW]), ("alias", [ANNA, NEW])]
)
def test_a_new_address_is_for_what_was_chosen(
    client: Client, boss: User, anna: User, use: str, expected: list[str]
) -> None:
    answer = post(client, anna, address=" Anna.Smith@walkers.com ", use=use)
    assert "The addresses were changed" in answer.content.decode()
    assert addresses_of(anna) == expected
    assert bool(LocalInbox().mails_to(ANNA)) is (use != "alias")
    event = AuditEvent.objects.get(action__startswith="user.a", subject=f"user:{anna.pk}")
    assert event.actor_id == boss.pk


def test_an_alias_is_made_the_primary_one_and_taken_away(
    client: Client, boss: User, anna: User
) -> None:
    post(client, anna, address=NEW, use="alias")
    post(client, anna, primary=NEW)
    assert addresses_of(anna) == [NEW, ANNA]
    post(client, anna, remove=ANNA)
    assert addresses_of(anna) == [NEW]
    assert "cannot be removed" in post(client, anna, remove=NEW).content.decode()


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("rita@riders.org", "not a domain of this organisation"),
        ("rita@nowhere.org", "not a domain of this organisation"),
        ("junk", "like name@company.com"),
        (ANNA, "where mail to the account goes already"),
    ],
)
def test_a_refusal_stands_beside_what_was_typed_and_in_the_log(
    client: Client, boss: User, anna: User, address: str, sentence: str
) -> None:
    TenantFactory.create(name="riders.org")
    answer = post(client, anna, address=address, use="keep").content.decode()
    assert sentence in answer
    assert f'value="{address}"' in answer
    assert addresses_of(anna) == [ANNA]
    assert AuditEvent.objects.filter(action="admin.refused").exists() is (address != "junk")


def test_it_asks_for_a_fresh_second_factor(client: Client, boss: User, anna: User) -> None:
    sign_in_fresh(client, boss, minutes_ago=15)
    answer = client.post(page(anna), {"address": NEW, "use": "keep"})
    assert "reauthenticate" in answer.headers["Location"]
    assert addresses_of(anna) == [ANNA]


def test_accounts_of_others_and_of_nobody_have_no_such_page(client: Client, boss: User) -> None:
    for user in (UserFactory.create(), OperatorFactory.create()):
        assert client.get(page(user)).status_code == 404
    sign_in_fresh(client, OperatorFactory.create())
    assert client.get(page(OperatorFactory.create())).status_code == 404
    assert client.get(page(boss)).status_code == 200
