"""What becomes of the line for units, and of units by group, when an organisation is taken over."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from subscriptions.capabilities import ask
from subscriptions.flows import units
from subscriptions.models import AssignedLicence, Capability, Subscription, UnitWait, WithheldUnit
from subscriptions.selectors import live_subscription
from tenants.flows import give_back, take_over
from tenants.models import Group, Tenant, User
from tests.factories import SubscriptionFactory, UserFactory
from tests.takeovers import managed, proven, unmanaged

pytestmark = pytest.mark.django_db
SHOP, FIRM = "shop.com", "firm.com"
DAY = dt.timedelta(days=1)


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


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        ({"ends_at": 31}, "has ended"),
        ({"trial_ends_at": 31}, "has ended"),
        ({"trial_ends_at": -5}, "on trial"),
    ],
)
def test_what_was_not_paid_for_adds_no_units_to_what_was(
    ada: User, shop: Tenant, theirs: dict[str, int], says: str
) -> None:
    """Else a trial, or a plan that ended, of an organisation that nobody administers would be units for ever."""
    now = timezone.now()
    own = SubscriptionFactory.create(tenant=ada.tenant, units=2)
    dates = {name: now - days * DAY for name, days in theirs.items()}
    other = SubscriptionFactory.create(tenant=shop, units=50, started_at=now - 90 * DAY, **dates)
    for user in User.objects.filter(tenant=shop):
        other.assigned_licences.create(user=user)
    before = set(AssignedLicence.objects.values_list("pk", "subscription", "user"))
    proven(ada, SHOP)
    assert ada.tenant
    seen = take_over.preview(domain_name=SHOP, target=ada.tenant)
    assert any(says in line.text for line in seen.lines)
    take(ada)
    own.refresh_from_db()
    assert own.units == 2
    assert own.assigned_licences.count() <= 2
    give_back.undo(domain_name=SHOP, acting_user=ada)
    other.refresh_from_db()
    own.refresh_from_db()
    assert (other.tenant, other.units, other.cancelled_at, own.units) == (shop, 50, None, 2)
    assert set(AssignedLicence.objects.values_list("pk", "subscription", "user")) == before


@pytest.mark.parametrize("is_whole_way", [True, False])
def test_what_the_other_paid_for_is_not_lost_in_a_plan_of_the_takers_that_has_ended(
    ada: User, shop: Tenant, *, is_whole_way: bool
) -> None:
    now = timezone.now()
    own = SubscriptionFactory.create(
        tenant=ada.tenant, started_at=now - 90 * DAY, ends_at=now - 31 * DAY
    )
    other = SubscriptionFactory.create(tenant=shop, units=5, ends_at=now + 300 * DAY)
    user = User.objects.filter(tenant=shop).earliest("email")
    units.assign(user=user, plan=other.plan, acting_user=None)
    take(ada)
    assert ada.tenant
    assert live_subscription(ada.tenant, other.plan, timezone.now()) == other
    assert ask(user, Capability.CUSTOM_TEMPLATES).allowed
    if is_whole_way:
        give_back.undo(domain_name=SHOP, acting_user=ada)
        own.refresh_from_db()
        other.refresh_from_db()
        assert (own.cancelled_at, other.tenant, other.cancelled_at) == (None, shop, None)


def test_nobody_keeps_units_that_others_bought_by_undoing(ada: User, shop: Tenant) -> None:
    own = SubscriptionFactory.create(tenant=ada.tenant, units=2)
    other = SubscriptionFactory.create(tenant=shop, units=5)
    units.assign(user=ada, plan=own.plan, acting_user=None)
    take(ada)
    late = [UserFactory.create(tenant=ada.tenant, email=f"l{n}@{FIRM}") for n in range(4)]
    for user in late:
        units.assign(user=user, plan=own.plan, acting_user=None)
    give_back.undo(domain_name=SHOP, acting_user=ada)
    own.refresh_from_db()
    other.refresh_from_db()
    assert (own.units, other.units) == (2, 5)
    assert {unit.user for unit in own.assigned_licences.all()} == {ada, late[0]}
    assert [wait.user for wait in UnitWait.objects.all()] == late[1:]
