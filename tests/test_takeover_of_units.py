"""What becomes of the line for units, and of units by group, when an organisation is taken over."""

from __future__ import annotations

import pytest

from subscriptions.flows import units
from subscriptions.models import AssignedLicence, Subscription, UnitWait, WithheldUnit
from tenants.flows import take_over
from tenants.models import Group, Tenant, User
from tests.factories import SubscriptionFactory
from tests.takeovers import managed, proven, unmanaged

pytestmark = pytest.mark.django_db
SHOP, FIRM = "shop.com", "firm.com"


@pytest.fixture
def ada() -> User:
    return managed(FIRM)


@pytest.fixture
def shop() -> Tenant:
    return unmanaged(SHOP, people=4)


def take(ada: User) -> None:
    proven(ada, SHOP)
    assert ada.tenant
    take_over.take_over(domain_name=SHOP, target=ada.tenant, acting_user=ada)


def line_at(shop: Tenant, *, units_bought: int) -> tuple[Subscription, list[User]]:
    subscription = SubscriptionFactory.create(tenant=shop, units=units_bought)
    people = list(User.objects.filter(tenant=shop).order_by("email"))
    for user in people:
        units.assign_after_sign_in(user)
    return subscription, people


def test_the_line_goes_along_with_the_subscription(ada: User, shop: Tenant) -> None:
    subscription, people = line_at(shop, units_bought=1)
    before = list(UnitWait.objects.values_list("user", "since"))
    take(ada)
    subscription.refresh_from_db()
    assert subscription.tenant == ada.tenant
    assert list(UnitWait.objects.values_list("user", "since")) == before
    assert AssignedLicence.objects.get(subscription=subscription).user == people[0]


def test_who_waited_is_served_from_the_takers_units(ada: User, shop: Tenant) -> None:
    own = SubscriptionFactory.create(tenant=ada.tenant, units=2)
    _, people = line_at(shop, units_bought=1)
    WithheldUnit.objects.create(subscription=own, user=ada)
    take(ada)
    own.refresh_from_db()
    assert own.units == 3
    served = AssignedLicence.objects.filter(subscription=own).values_list("user", flat=True)
    assert set(served) == {user.pk for user in people[:3]}
    waiting = UnitWait.objects.get()
    assert (waiting.user, waiting.subscription) == (people[3], own)
    assert WithheldUnit.objects.get().user == ada


def test_groups_fill_plans_of_their_own_organisation_only(ada: User, shop: Tenant) -> None:
    subscription, _ = line_at(shop, units_bought=1)
    group = Group.objects.create(tenant=shop, name="Sales", name_key="sales")
    subscription.groups.add(group)
    take(ada)
    subscription.refresh_from_db()
    group.refresh_from_db()
    assert {group.tenant, subscription.tenant} == {ada.tenant}
    assert list(subscription.groups.all()) == [group]
