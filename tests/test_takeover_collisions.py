"""What collides in an external takeover, and the rule for each; units and subscriptions there and back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from subscriptions.models import FREE_PLAN, AssignedLicence, Plan, Subscription, UnitWait
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.flows import give_back, take_over
from tenants.models import Address, Domain, Group, Takeover, Tenant, User
from tests.factories import GroupFactory, SubscriptionFactory, UserFactory
from tests.takeovers import managed, proven, unmanaged

pytestmark = pytest.mark.django_db
SHOP, FIRM = "shop.com", "firm.com"
DAY = dt.timedelta(days=1)


@pytest.fixture
def ada() -> User:
    """The administrator of firm.com, who has proven shop.com as well."""
    return managed(FIRM)


@pytest.fixture
def shop() -> Tenant:
    return unmanaged(SHOP)


def taken(ada: User) -> Takeover:
    proven(ada, SHOP)
    assert ada.tenant
    return take_over.take_over(domain_name=SHOP, target=ada.tenant, acting_user=ada)


def tenant_of(ada: User) -> Tenant:
    assert ada.tenant
    return ada.tenant


def plan(sku: str) -> Plan:
    return Plan.objects.get(sku=sku)


def test_groups_of_one_name_are_told_apart_and_have_their_names_again(
    ada: User, shop: Tenant
) -> None:
    theirs = GroupFactory.create(tenant=shop, name="Sales", name_key="sales")
    GroupFactory.create(tenant=ada.tenant, name="sales", name_key="sales")
    proven(ada, SHOP)
    lines = take_over.preview(domain_name=SHOP, target=tenant_of(ada)).lines
    assert [line.text for line in lines if line.collides] == [
        "The name of the group Sales is taken: it becomes Sales (shop.com)."
    ]
    take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=ada)
    theirs.refresh_from_db()
    assert (theirs.name, theirs.name_key) == ("Sales (shop.com)", "sales (shop.com)")
    give_back.undo(domain_name=SHOP, acting_user=ada)
    theirs.refresh_from_db()
    assert (theirs.name, theirs.name_key) == ("Sales", "sales")


def test_what_came_to_lie_between_two_organisations_ends_with_the_undo(
    ada: User, shop: Tenant
) -> None:
    taken(ada)
    person = User.objects.get(email=f"person0@{SHOP}")
    ours = GroupFactory.create(tenant=ada.tenant, name="All")
    ours.memberships.create(user=person)
    ours.memberships.create(user=ada)
    alias = Address.objects.create(
        address=f"p0@{FIRM}", domain=Domain.objects.get(name=FIRM), user=person, is_primary=False
    )
    give_back.undo(domain_name=SHOP, acting_user=ada)
    assert [membership.user for membership in ours.memberships.all()] == [ada]
    assert not Address.objects.filter(pk=alias.pk).exists()


def units(user: User) -> list[tuple[str, Tenant]]:
    rows = AssignedLicence.objects.filter(user=user, subscription__cancelled_at__isnull=True)
    return [(row.subscription.plan_id, row.subscription.tenant) for row in rows]


def test_free_units_are_those_of_the_new_organisation_and_back(ada: User, shop: Tenant) -> None:
    person = shop.users.get(email=f"person0@{SHOP}")
    free = ensure_free_subscription(tenant=shop, acting_user=None)
    unit = assign_unit(subscription=free, user=person, acting_user=None)
    taken(ada)
    assert units(person) == [(FREE_PLAN, ada.tenant)]
    assert AssignedLicence.objects.get(user=person).pk == unit.pk
    give_back.undo(domain_name=SHOP, acting_user=ada)
    assert units(person) == [(FREE_PLAN, shop)]
    free.refresh_from_db()
    assert (free.tenant, free.cancelled_at) == (shop, None)


def test_a_plan_that_only_one_has_goes_along(ada: User, shop: Tenant) -> None:
    person = shop.users.get(email=f"person0@{SHOP}")
    bought = SubscriptionFactory.create(tenant=shop, plan=plan("AIP_PREMIUM_P1"), units=5)
    assign_unit(subscription=bought, user=person, acting_user=None)
    taken(ada)
    bought.refresh_from_db()
    assert bought.tenant == ada.tenant
    assert units(person) == [("AIP_PREMIUM_P1", ada.tenant)]
    assign_unit(subscription=bought, user=ada, acting_user=None)
    give_back.undo(domain_name=SHOP, acting_user=ada)
    bought.refresh_from_db()
    assert (bought.tenant, units(person), units(ada)) == (shop, [("AIP_PREMIUM_P1", shop)], [])


def test_of_two_subscriptions_to_a_plan_one_gets_the_units_of_both(ada: User, shop: Tenant) -> None:
    person = shop.users.get(email=f"person0@{SHOP}")
    theirs = SubscriptionFactory.create(tenant=shop, plan=plan("ENTERPRISEPACK"), units=5)
    ours = SubscriptionFactory.create(tenant=ada.tenant, plan=plan("ENTERPRISEPACK"), units=2)
    assign_unit(subscription=theirs, user=person, acting_user=None)
    assign_unit(subscription=ours, user=ada, acting_user=None)
    taken(ada)
    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert (ours.units, theirs.cancelled_at is not None) == (7, True)
    assert units(person) == units(ada) == [("ENTERPRISEPACK", ada.tenant)]
    give_back.undo(domain_name=SHOP, acting_user=ada)
    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert (ours.units, theirs.units, theirs.cancelled_at) == (2, 5, None)
    assert units(person) == [("ENTERPRISEPACK", shop)]
    assert units(ada) == [("ENTERPRISEPACK", ada.tenant)]


def test_an_undo_leaves_nobody_who_had_a_unit_without_and_no_more_units_than_were_bought(
    ada: User, shop: Tenant
) -> None:
    SubscriptionFactory.create(tenant=shop, plan=plan("ENTERPRISEPACK"), units=5)
    ours = SubscriptionFactory.create(tenant=ada.tenant, plan=plan("ENTERPRISEPACK"), units=1)
    assign_unit(subscription=ours, user=ada, acting_user=None)
    taken(ada)
    ours.refresh_from_db()
    people = [*(UserFactory.create(tenant=ada.tenant, email=f"x{n}@{FIRM}") for n in range(2))]
    for user in people:
        assign_unit(subscription=ours, user=user, acting_user=None)
    give_back.undo(domain_name=SHOP, acting_user=ada)
    ours.refresh_from_db()
    assert (ours.units, ours.assigned_licences.get().user) == (1, ada)
    assert [wait.user for wait in UnitWait.objects.all()] == people


def test_the_preview_says_what_goes_along(ada: User, shop: Tenant) -> None:
    GroupFactory.create(tenant=shop, name="Sales")
    SubscriptionFactory.create(tenant=shop, plan=plan("AIP_PREMIUM_P1"), units=5)
    proven(ada, SHOP)
    seen = take_over.preview(domain_name=SHOP, target=tenant_of(ada))
    texts = [line.text for line in seen.lines]
    assert texts[0].startswith("3 accounts go along")
    assert "1 group goes along." in texts
    assert any("5 units, 0 assigned" in text for text in texts)
    assert "The domain shop.com goes along." in texts


def test_a_subscription_of_a_source_is_not_left_behind(ada: User, shop: Tenant) -> None:
    SubscriptionFactory.create(
        tenant=shop, plan=plan("ENTERPRISEPACK"), cancelled_at=timezone.now()
    )
    taken(ada)
    assert not Subscription.objects.filter(tenant=shop).exists()
    assert not Group.objects.filter(tenant=shop).exists()
