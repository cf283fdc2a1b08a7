"""When a paid plan ends everybody goes on with what the free plan gives: nobody has to press anything for it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from outbox.models import OutboxMail
from subscriptions import selectors, services
from subscriptions.capabilities import ask_all
from subscriptions.flows import fall_back
from subscriptions.flows.cancel import cancel_subscription
from subscriptions.flows.ends import note_states, warn_of_ends
from subscriptions.models import FREE_PLAN, AssignedLicence, Capability, Subscription
from tenants.models import Tenant, User
from tests.factories import SubscriptionFactory, TenantFactory, UserFactory
from tests.test_capabilities import FREE, OFFICE
from tests.test_commands import run
from tests.walk import ClientVisitor, sign_in

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
ADMIN = User.CreationMethod.ADMIN


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="walkers.com", state="managed")


def imported(tenant: Tenant, **fields: Any) -> User:
    """Made by an administrator: never signed up, so never given a free unit."""
    user: User = UserFactory.create(tenant=tenant, creation_method=ADMIN, **fields)
    return user


def may(user: User, now: dt.datetime | None = None) -> set[Capability]:
    return {one for one, answer in ask_all(user, now=now).items() if answer.allowed}


def signs_in(user: User) -> None:
    sign_in(ClientVisitor(Client()), str(user.email))


def free_units() -> list[User]:
    units = AssignedLicence.objects.filter(subscription__plan=FREE_PLAN).select_related("user")
    return [unit.user for unit in units]


def test_who_never_had_a_free_unit_goes_on_protecting_when_the_plan_is_cancelled(
    tenant: Tenant,
) -> None:
    row = SubscriptionFactory.create(tenant=tenant)
    first, second = imported(tenant), imported(tenant)
    run("disable_user", str(second.email))
    assert {Capability.PROTECT} < may(first)
    cancel_subscription(tenant=tenant, plan=row.plan, acting_user=None)
    assert may(first) == FREE
    assert set(free_units()) == {first, second}
    event = AuditEvent.objects.get(action="licences.given_to_all")
    assert event.details["people"] == 2
    assert not OutboxMail.objects.exists()


def test_it_is_so_at_the_very_instant_of_the_end_whatever_the_clock_does(tenant: Tenant) -> None:
    """Administrators are warned before it, and with the warning the units are given."""
    end = timezone.now() + 20 * DAY
    SubscriptionFactory.create(tenant=tenant, ends_at=end)
    user = imported(tenant)
    warn_of_ends()
    over = end + 30 * DAY
    assert may(user, over - dt.timedelta(seconds=1)) > FREE
    assert may(user, over) == FREE


def test_who_came_after_the_last_warning_has_one_when_the_clock_sees_the_end(
    tenant: Tenant,
) -> None:
    SubscriptionFactory.create(tenant=tenant, trial_ends_at=timezone.now() + DAY)
    warn_of_ends()
    user = imported(tenant)
    with time_machine.travel(timezone.now() + 40 * DAY, tick=False):
        note_states()
        assert may(user) == FREE


def test_where_no_clock_ran_signing_in_is_enough(tenant: Tenant) -> None:
    SubscriptionFactory.create(
        tenant=tenant, started_at=timezone.now() - 90 * DAY, ends_at=timezone.now() - 31 * DAY
    )
    user = imported(tenant)
    assert may(user) == {Capability.READ}
    signs_in(user)
    assert may(user) == FREE
    signs_in(user)
    assert free_units() == [user]


def test_where_another_plan_goes_on_nothing_is_given(tenant: Tenant) -> None:
    row = SubscriptionFactory.create(tenant=tenant)
    run("convert_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1", "--units", "5")
    user = imported(tenant)
    cancel_subscription(tenant=tenant, plan=row.plan, acting_user=None)
    assert free_units() == []
    assert may(user) > FREE


def test_two_who_sign_in_at_once_as_the_same_person_both_come_in(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one gives the unit after this one has looked."""
    user = imported(tenant)
    signs_in(user)
    monkeypatch.setattr(selectors, "has_or_lost_free_unit", lambda _: False)
    monkeypatch.setattr(services, "one_or_none", lambda _: None)
    fall_back.give_free_unit_after_sign_in(user)
    assert free_units() == [user]


@pytest.mark.parametrize("is_let", [True, False])
def test_in_a_free_organisation_signing_in_gives_what_signing_up_would(
    tenant: Tenant, *, is_let: bool
) -> None:
    Tenant.objects.update(allow_ad_hoc_subscriptions=is_let)
    user = imported(tenant)
    signs_in(user)
    assert may(user) == (FREE if is_let else {Capability.READ})


def test_what_an_administrator_took_away_does_not_come_back_by_itself(tenant: Tenant) -> None:
    row = SubscriptionFactory.create(tenant=tenant)
    user = imported(tenant)
    signs_in(user)
    run("remove_licence", str(user.email), "--plan", FREE_PLAN)
    signs_in(user)
    run("remove_licence", str(user.email), "--plan", row.plan_id)
    cancel_subscription(tenant=tenant, plan=row.plan, acting_user=None)
    assert may(user) == {Capability.READ}
    run("assign_licence", str(user.email), "--plan", FREE_PLAN)
    assert may(user) == FREE
    assert not user.withheld_units.filter(subscription__plan=FREE_PLAN).exists()


def test_converted_again_they_have_all_of_it_again_and_the_same_free_units(tenant: Tenant) -> None:
    row = SubscriptionFactory.create(tenant=tenant)
    user = imported(tenant)
    signs_in(user)
    cancel_subscription(tenant=tenant, plan=row.plan, acting_user=None)
    before = set(AssignedLicence.objects.filter(subscription__plan=FREE_PLAN).values_list("pk"))
    run("convert_subscription", "walkers.com", "--plan", row.plan_id, "--units", "5")
    run("assign_licence", str(user.email), "--plan", row.plan_id)
    assert may(user) == OFFICE
    run("cancel_subscription", "walkers.com")
    after = set(AssignedLicence.objects.filter(subscription__plan=FREE_PLAN).values_list("pk"))
    assert (after, may(user)) == (before, FREE)
    assert Subscription.objects.filter(plan=FREE_PLAN).count() == 1


def test_it_takes_as_many_queries_for_many_as_for_few(
    tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    row = SubscriptionFactory.create(tenant=tenant)
    User.objects.bulk_create(
        User(tenant=tenant, email=f"m{number}@walkers.com", creation_method=ADMIN)
        for number in range(900)
    )
    with django_assert_max_num_queries(25):
        cancel_subscription(tenant=tenant, plan=row.plan, acting_user=None)
    assert len(free_units()) == 900
