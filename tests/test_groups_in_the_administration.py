"""Groups in the administration: made, changed, filled and emptied by an administrator, for the own organisation."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from tenants.flows import groups
from tenants.group_selectors import groups_within
from tenants.models import Domain, Group, GroupMembership, Tenant, User
from tests.factories import (
    GroupFactory,
    OperatorFactory,
    SubscriptionFactory,
    TenantFactory,
    UserFactory,
)
from tests.staff import administrator, sign_in_fresh

pytestmark = pytest.mark.django_db
ADD = reverse("admin:tenants_group_add")
LIST = reverse("admin:tenants_group_changelist")
MEMBERS = reverse("admin:tenants_groupmembership_changelist")


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory.create(name="walkers.com", state=Tenant.State.MANAGED)
    tenant.domains.update(state=Domain.State.VERIFIED)
    return tenant


@pytest.fixture
def boss(client: Client, tenant: Tenant) -> User:
    boss = administrator(tenant)
    sign_in_fresh(client, boss)
    return boss


@pytest.fixture
def sales(tenant: Tenant) -> Group:
    return GroupFactory.create(tenant=tenant, name="Sales")


def page_of(group: Group) -> str:
    return reverse("admin:tenants_group_change", args=(group.pk,))


def save(client: Client, url: str, **typed: str) -> Any:
    fields = {"name": "Sales", "description": "", "addresses": "", "inner": "", "joining": ""}
    return client.post(url, fields | typed, follow=True)


def refusals() -> list[str]:
    events = AuditEvent.objects.filter(action="admin.refused")
    return [str(event.details["refusal"]) for event in events]


def test_a_group_is_made_in_one_page(client: Client, boss: User, sales: Group) -> None:
    anna = UserFactory.create(tenant=boss.tenant, email="anna@walkers.com")
    answer = save(
        client,
        ADD,
        name="Everybody",
        description="all of us",
        addresses="all@walkers.com\neverybody@walkers.com\n",
        inner="sales",
        joining=f" {anna.email} ",
    )
    assert "was added successfully" in answer.content.decode()
    group = Group.objects.get(name="Everybody")
    held = group.addresses.order_by("-is_primary", "address").values_list("address", flat=True)
    assert list(held) == ["all@walkers.com", "everybody@walkers.com"]
    assert list(groups_within(group)) == [sales]
    assert group.memberships.get().user == anna
    events = AuditEvent.objects.filter(subject=f"group:{group.pk}")
    assert {event.actor_id for event in events} == {boss.pk}
    assert events.count() == 4


def test_its_page_shows_what_there_is_and_changes_it(
    client: Client, boss: User, sales: Group
) -> None:
    inner = GroupFactory.create(tenant=boss.tenant, name="Inner")
    groups.add_group(outer=sales, inner=inner, acting_user=None)
    groups.add_member(group=inner, user=boss, acting_user=None)
    page = client.get(page_of(sales)).content.decode()
    assert "\nInner</textarea>" in page
    assert "delete_selected" not in page
    assert "1 account</a>, 1 of them active" in page
    save(client, page_of(sales), name="Trade", inner="", addresses="trade@walkers.com")
    sales.refresh_from_db()
    assert (sales.name, sales.name_key) == ("Trade", "trade")
    assert not groups_within(sales)
    assert sales.addresses.get().address == "trade@walkers.com"


@pytest.mark.parametrize(
    ("typed", "sentence", "refusal"),
    [
        ({"name": "Taken"}, "a group called Taken already", "GroupNameTaken"),
        ({"addresses": "x@riders.org"}, "not a domain of this organisation", "OtherOrganisation"),
        ({"addresses": "junk"}, "like name@company.com", "NotAnAddress"),
        ({"inner": "Nothing"}, "has no group Nothing", "NoSuchGroup"),
        ({"inner": "Sales"}, "cannot be in Sales", "GroupsInACircle"),
        ({"joining": "no@walkers.com"}, "no account with the address", "NoSuchMember"),
        ({"joining": "rita@riders.org"}, "no account with the address", "NoSuchMember"),
    ],
)
def test_a_refusal_stands_above_what_was_typed_and_nothing_is_done(
    client: Client, boss: User, sales: Group, typed: dict[str, str], sentence: str, refusal: str
) -> None:
    GroupFactory.create(tenant=boss.tenant, name="Taken")
    UserFactory.create(tenant=TenantFactory.create(name="riders.org"), email="rita@riders.org")
    answer = save(client, page_of(sales), description="typed before", **typed)
    assert answer.status_code == 200
    page = answer.content.decode()
    assert sentence in page
    assert "typed before</textarea>" in page
    sales.refresh_from_db()
    assert sales.description == ""
    assert refusals() == [refusal]


def test_too_many_lines_are_refused(client: Client, boss: User, sales: Group) -> None:
    lines = "\n".join(f"a{n}@walkers.com" for n in range(201))
    assert "more than 200 lines" in save(client, page_of(sales), joining=lines).content.decode()


def test_members_are_searched_by_their_beginning_and_taken_out(
    client: Client, boss: User, sales: Group
) -> None:
    for name in ("anna", "ben"):
        user = UserFactory.create(tenant=boss.tenant, email=f"{name}@walkers.com")
        groups.add_member(group=sales, user=user, acting_user=None)
    query = f"{MEMBERS}?group__id__exact={sales.pk}"
    page = client.get(f"{query}&q=AN").content.decode()
    assert "anna@walkers.com" in page
    assert "ben@walkers.com" not in page
    anna = GroupMembership.objects.get(user__email="anna@walkers.com")
    answer = client.post(
        query, {"action": "take_out", "_selected_action": str(anna.pk)}, follow=True
    )
    assert "1 account was taken out" in answer.content.decode()
    assert sales.memberships.get().user.email == "ben@walkers.com"


def test_a_group_is_found_by_its_beginning_in_any_capitals(client: Client, boss: User) -> None:
    for name in ("Großhandel", "Einkauf"):
        GroupFactory.create(tenant=boss.tenant, name=name)
    page = client.get(f"{LIST}?q=GROSS").content.decode()
    assert "Großhandel" in page
    assert "Einkauf" not in page


def test_whose_units_go_with_a_group_is_said_before_it_is_deleted(
    client: Client, boss: User, sales: Group
) -> None:
    url = reverse("admin:tenants_group_delete", args=(sales.pk,))
    assert "loses it" not in client.get(url).content.decode()
    by_group = SubscriptionFactory.create(tenant=boss.tenant, assignment="group")
    by_group.groups.add(sales)
    assert f"{by_group.plan.name}: whoever has a unit" in client.get(url).content.decode()


def test_a_group_is_deleted_once_asked_for_a_second_time(
    client: Client, boss: User, sales: Group
) -> None:
    groups.add_member(group=sales, user=boss, acting_user=None)
    url = reverse("admin:tenants_group_delete", args=(sales.pk,))
    assert "Sales" in client.get(url).content.decode()
    assert Group.objects.exists()
    client.post(url, {"post": "yes"})
    assert not Group.objects.exists()
    assert AuditEvent.objects.get(action="group.deleted").actor_id == boss.pk


def test_an_operator_says_for_which_organisation(client: Client, tenant: Tenant) -> None:
    sign_in_fresh(client, OperatorFactory.create())
    assert "This field is required" in save(client, ADD).content.decode()
    assert "No tenant has the domain" in save(client, ADD, domain="no.com").content.decode()
    save(client, ADD, domain="Walkers.com")
    assert Group.objects.get().tenant == tenant


def test_a_list_of_many_members_asks_as_much_as_one_of_few(
    client: Client, boss: User, sales: Group, django_assert_max_num_queries: Any
) -> None:
    for number in range(60):
        user = UserFactory.create(
            tenant=boss.tenant, email=f"user{number}@walkers.com", password="!"
        )
        GroupMembership.objects.create(group=sales, user=user)
    with django_assert_max_num_queries(12):
        page = client.get(f"{MEMBERS}?group__id__exact={sales.pk}").content.decode()
    assert page.count("@walkers.com</a>") == 50
