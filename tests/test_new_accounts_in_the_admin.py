"""Making one account in the administration, and inviting its owner."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from outbox.models import OutboxMail
from tenants.models import Domain, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.staff import administrator, sign_in_fresh

pytestmark = pytest.mark.django_db
ADD, USERS = reverse("admin:tenants_user_add"), reverse("admin:tenants_user_changelist")


@pytest.fixture
def boss(client: Client) -> User:
    boss = administrator()
    Domain.objects.update(state=Domain.State.VERIFIED)
    sign_in_fresh(client, boss)
    return boss


def fields(address: str, **more: str) -> dict[str, str]:
    return {"email": address, "first_name": "Anna", "last_name": "A", "language": "de", **more}


def invitations(address: str) -> int:
    return OutboxMail.objects.filter(kind="signup.invitation", to_address=address).count()


def test_an_account_is_made_and_its_owner_invited(client: Client, boss: User) -> None:
    page = client.post(ADD, fields(f"Anna@{boss.tenant}", is_invited="on"), follow=True)
    assert "was made" in page.content.decode()
    anna = User.objects.get(email=f"anna@{boss.tenant}")
    assert (anna.tenant, anna.language, anna.role) == (boss.tenant, "de", "member")
    assert invitations(str(anna.email)) == 1
    assert AuditEvent.objects.get(action="user.created").actor_id == boss.pk


def test_one_is_made_now_and_invited_later(client: Client, boss: User) -> None:
    client.post(ADD, fields(f"anna@{boss.tenant}"))
    anna = User.objects.get(email=f"anna@{boss.tenant}")
    assert invitations(str(anna.email)) == 0
    chosen = {"action": "invite_again", "_selected_action": [str(anna.pk), str(boss.pk)]}
    page = client.post(USERS, chosen, follow=True).content.decode()
    assert "Invitations are on their way: 1." in page
    assert "No mail went to" in page
    assert invitations(str(anna.email)) == 1


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("anna@@", "Enter an e-mail address"),
        ("anna@elsewhere.com", "elsewhere.com"),
        ("taken", "has this address already"),
        ("unproven", "not been proven"),
    ],
)
def test_what_cannot_be_is_told_at_the_address(
    client: Client, boss: User, address: str, words: str
) -> None:
    other = TenantFactory.create(name="elsewhere.com")
    Domain.objects.filter(tenant=other).update(state=Domain.State.VERIFIED)
    if address == "taken":
        address = str(UserFactory.create(tenant=boss.tenant).email)
    if address == "unproven":
        assert boss.tenant
        Domain.objects.create(name="unproven.com", tenant=boss.tenant)
        address, words = "anna@unproven.com", "unproven.com"
    before = User.objects.count()
    page = client.post(ADD, fields(address, is_invited="on")).content.decode()
    assert words in page
    assert 'class="errorlist"' in page
    assert User.objects.count() == before


def test_an_operator_makes_them_in_any_organisation(client: Client, boss: User) -> None:
    sign_in_fresh(client, OperatorFactory.create())
    client.post(ADD, fields(f"anna@{boss.tenant}", is_invited="on"))
    assert User.objects.get(email=f"anna@{boss.tenant}").tenant == boss.tenant
