"""Units in the administration: given, taken away, waited for, and by whom they are had at all."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from subscriptions.models import AssignedLicence, EndWarning, Subscription, UnitWait, WithheldUnit
from tenants.models import Group, GroupMembership, User
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory
from tests.staff import administrator, sign_in_fresh

pytestmark = pytest.mark.django_db
UNITS = reverse("admin:subscriptions_assignedlicence_changelist")
ASSIGN = reverse("admin:subscriptions_assignedlicence_add")
WAITS = reverse("admin:subscriptions_unitwait_changelist")
ENDS = reverse("admin:subscriptions_endwarning_changelist")
KEY = re.compile(r'name="one_time_key" value="([^"]+)"')


@pytest.fixture
def boss() -> User:
    return administrator()


@pytest.fixture
def portal(client: Client, boss: User) -> Client:
    return sign_in_fresh(client, boss)


@pytest.fixture
def subscription(boss: User) -> Subscription:
    made: Subscription = SubscriptionFactory.create(
        tenant=boss.tenant, units=1, assignment="manual"
    )
    return made


def page(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def key_on(client: Client, address: str) -> str:
    found = KEY.search(page(client, address))
    assert found
    return found[1]


def assign(client: Client, user: User, **more: str) -> str:
    fields = {"address": str(user.email), "plan": "ENTERPRISEPACK", **more}
    fields.setdefault("one_time_key", key_on(client, ASSIGN))
    return client.post(ASSIGN, fields, follow=True).content.decode()


def test_a_unit_is_given_and_taken_away(
    portal: Client, boss: User, subscription: Subscription
) -> None:
    user = UserFactory.create(tenant=boss.tenant)
    assert "has a unit" in assign(portal, user)
    unit = AssignedLicence.objects.get()
    assert (unit.user, unit.how) == (user, "hand")
    assert AuditEvent.objects.get(action="licence.assigned").actor_id == boss.pk
    assert str(user.email) in page(portal, UNITS)
    portal.post(UNITS, {"action": "take_away", "_selected_action": [str(unit.pk)]})
    assert not AssignedLicence.objects.exists()
    assert WithheldUnit.objects.get().user == user


def test_a_unit_of_a_plan_that_was_cancelled_is_not_taken_for_the_one_of_now(
    portal: Client, boss: User, subscription: Subscription
) -> None:
    user = UserFactory.create(tenant=boss.tenant)
    past = SubscriptionFactory.create(tenant=boss.tenant, cancelled_at=timezone.now())
    old = past.assigned_licences.create(user=user)
    now = subscription.assigned_licences.create(user=user)
    fields = {"action": "take_away", "_selected_action": [str(old.pk)]}
    said = portal.post(UNITS, fields, follow=True).content.decode()
    assert "has no unit" in said
    assert set(AssignedLicence.objects.all()) == {old, now}


def test_when_none_is_left_the_form_says_so_and_offers_the_line(
    portal: Client, boss: User, subscription: Subscription
) -> None:
    first, second = UserFactory.create_batch(2, tenant=boss.tenant)
    assign(portal, first)
    assert "All units of ENTERPRISEPACK are assigned" in assign(portal, second)
    assert "gets the next unit that is free" in assign(portal, second, may_wait="on")
    waiting = UnitWait.objects.get()
    assert str(second.email) in page(portal, WAITS)
    portal.post(WAITS, {"action": "give_up", "_selected_action": [str(waiting.pk)]})
    assert not UnitWait.objects.exists()


def test_a_form_that_is_sent_twice_assigns_once(
    portal: Client, boss: User, subscription: Subscription
) -> None:
    user = UserFactory.create(tenant=boss.tenant)
    key = key_on(portal, ASSIGN)
    assert "has a unit" in assign(portal, user, one_time_key=key)
    AssignedLicence.objects.all().delete()
    assert "has a unit" in assign(portal, user, one_time_key=key)
    assert not AssignedLicence.objects.exists()
    other = UserFactory.create(tenant=boss.tenant)
    assert "used for another request" in assign(portal, other, one_time_key=key)


def test_nobody_learns_of_an_account_elsewhere(
    portal: Client, boss: User, subscription: Subscription
) -> None:
    stranger = UserFactory.create()
    there = assign(portal, stranger).replace(str(stranger.email), "X")
    stranger.addresses.all().delete()
    User.objects.filter(pk=stranger.pk).update(email=None, state="closed")
    nobody = assign(portal, stranger).replace(str(stranger.email), "X")
    assert "No account has the address X" in there
    hide = re.compile(r'value="[^"]{36,}"')
    assert hide.sub("", there) == hide.sub("", nobody)


def test_an_operator_assigns_anywhere(client: Client, subscription: Subscription) -> None:
    sign_in_fresh(client, OperatorFactory.create())
    user = UserFactory.create(tenant=subscription.tenant)
    assert "has a unit" in assign(client, user)
    assert "not active" in assign(
        client, UserFactory.create(tenant=subscription.tenant, state="disabled")
    )


def test_who_gets_units_is_decided_on_the_subscriptions_page(
    portal: Client, boss: User, subscription: Subscription
) -> None:
    assert boss.tenant
    group = Group.objects.create(tenant=boss.tenant, name="Sales", name_key="sales")
    elsewhere = TenantFactory.create()
    Group.objects.create(tenant=elsewhere, name="Theirs", name_key="theirs")
    GroupMembership.objects.create(group=group, user=boss)
    User.objects.update(last_login="2026-01-01T00:00Z")
    chosen = {"action": "decide_assignment", "_selected_action": [str(subscription.pk)]}
    answer = portal.post(reverse("admin:subscriptions_subscription_changelist"), chosen)
    address = answer.headers["Location"]
    shown = page(portal, address)
    assert "Sales" in shown
    assert "Theirs" not in shown
    fields = {"assignment": "group", "one_time_key": key_on(portal, address)}
    assert "at least one group" in portal.post(address, fields).content.decode()
    fields |= {"groups": str(group.pk), "one_time_key": key_on(portal, address)}
    portal.post(address, fields)
    subscription.refresh_from_db()
    assert subscription.assignment == "group"
    assert AssignedLicence.objects.get().user == boss


def test_a_free_plan_has_no_such_page(portal: Client, boss: User) -> None:
    free = SubscriptionFactory.create(tenant=boss.tenant, plan_id="RIGHTSMANAGEMENT_ADHOC")
    page_of_free = reverse("admin:subscriptions_subscription_assignment", args=(free.pk,))
    assert portal.get(page_of_free).status_code == 404


def test_ends_that_nobody_was_told_of_are_on_the_operators_list(
    client: Client, subscription: Subscription
) -> None:
    EndWarning.objects.create(
        subscription=subscription, ends_at="2027-01-01T00:00Z", days=7, told=0
    )
    sign_in_fresh(client, OperatorFactory.create())
    assert str(subscription.tenant) in page(client, f"{ENDS}?told=0")
