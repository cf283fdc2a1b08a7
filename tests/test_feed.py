"""What happens to paid plans becomes events, in the transaction of the change."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from feed.flows import endpoints
from feed.models import Event
from subscriptions.flows import ends
from subscriptions.models import Subscription
from tenants.flows import give_back, take_over
from tenants.models import Tenant
from tests.factories import SubscriptionFactory, TenantFactory, UserFactory
from tests.takeovers import managed, proven, unmanaged
from tests.test_commands import run

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="walkers.com")


def kinds() -> list[str]:
    return list(Event.objects.order_by("id").values_list("kind", flat=True))


def test_a_subscription_from_its_beginning_to_its_end(tenant: Tenant) -> None:
    order = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
    run(*order, "--units", "5", "--trial", "30")
    run(*order, "--units", "7")
    run("cancel_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
    assert kinds() == ["subscription.created", "subscription.changed", "subscription.cancelled"]
    created, changed, cancelled = Event.objects.order_by("id")
    assert {event.tenant_id for event in (created, changed, cancelled)} == {tenant.pk}
    subscription = Subscription.objects.get()
    assert created.data["subscription"] == str(subscription.pk)
    assert (created.data["plan"], created.data["units"], created.data["used"]) == (
        "ENTERPRISEPACK",
        5,
        0,
    )
    states = [event.data["state"] for event in (created, changed, cancelled)]
    assert states == ["trial", "active", "cancelled"]


def test_renewing_changing_the_plan_and_cancelling_at_the_end(tenant: Tenant) -> None:
    office = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--units", "5")
    run(*office, "--until", (timezone.now() + dt.timedelta(days=10)).date().isoformat())
    run("renew_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--months", "12")
    p1 = ("convert_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1")
    run(*p1, "--instead-of", "ENTERPRISEPACK")
    run("cancel_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1", "--at-end")
    assert kinds() == [
        "subscription.created",
        "subscription.renewed",
        "subscription.converted",
        "subscription.changed",
        "subscription.cancels_at_end",
    ]
    assert Event.objects.get(kind="subscription.converted").data["plan"] == "AIP_PREMIUM_P1"


def pass_time(clock: time_machine.Traveller, *days: int) -> list[str]:
    """What is told while so many days go by."""
    Event.objects.all().delete()
    for number in days:
        clock.shift(dt.timedelta(days=number))
        ends.note_states()
    return kinds()


def test_a_trial_that_nobody_buys_goes_down_the_ladder(tenant: Tenant) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        order = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
        run(*order, "--units", "5", "--trial", "30")
        ends.note_states()
        assert pass_time(clock, 29) == []
        assert pass_time(clock, 2) == ["subscription.trial_ended", "subscription.entered_grace"]
        assert pass_time(clock, 30, 1) == ["subscription.suspended"]
        run("renew_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--months", "1")
        assert pass_time(clock, 1) == []


def test_a_trial_that_is_bought_ends_without_news_and_one_renewed_with(tenant: Tenant) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        for plan in ("ENTERPRISEPACK", "AIP_PREMIUM_P1"):
            order = ("convert_subscription", "walkers.com", "--plan", plan, "--units", "5")
            run(*order, "--trial", "30")
        ends.note_states()
        run("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
        run("renew_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1", "--months", "12")
        assert pass_time(clock, 1, 30) == ["subscription.trial_ended"]


def test_what_is_cancelled_at_its_end_ends_without_grace(tenant: Tenant) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        order = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
        run(*order, "--units", "5", "--trial", "30")
        ends.note_states()
        run("cancel_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--at-end")
        assert pass_time(clock, 31) == ["subscription.trial_ended", "subscription.cancelled"]


def test_units_are_told_of_as_counts_and_never_whose(tenant: Tenant) -> None:
    anna = UserFactory.create(tenant=tenant)
    SubscriptionFactory.create(tenant=tenant)
    run("assign_licence", str(anna.email), "--plan", "ENTERPRISEPACK")
    run("remove_licence", str(anna.email), "--plan", "ENTERPRISEPACK")
    assigned, removed = Event.objects.order_by("id")
    assert (assigned.kind, assigned.data["used"]) == ("licence.assigned", 1)
    assert (removed.kind, removed.data["used"]) == ("licence.removed", 0)
    for event in (assigned, removed):
        assert str(anna.pk) not in str(event.data)
        assert str(anna.email) not in str(event.data)


def test_what_is_only_tried_out_tells_nobody(tenant: Tenant) -> None:
    order = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
    run(*order, "--units", "5", "--dry-run")
    assert kinds() == []


def test_the_free_plan_is_no_news(tenant: Tenant) -> None:
    run("convert_subscription", "walkers.com", "--plan", "RIGHTSMANAGEMENT_ADHOC")
    assert kinds() == []


def test_a_takeover_and_its_way_back_are_told_of_with_the_plans_that_went_along() -> None:
    ada, shop = managed("firm.com"), unmanaged("shop.com")
    assert ada.tenant
    SubscriptionFactory.create(tenant=shop, units=9)
    own, _ = endpoints.create(url="https://shop.com/hooks", tenant=shop, acting_user=None)
    proven(ada, "shop.com")
    Event.objects.all().delete()
    take_over.take_over(domain_name="shop.com", target=ada.tenant, acting_user=ada)
    taken, plan = Event.objects.order_by("id")
    assert (taken.kind, plan.kind) == ("tenant.taken_over", "subscription.changed")
    assert taken.tenant_id == plan.tenant_id == ada.tenant.pk
    assert taken.data["from_tenant_id"] == str(shop.pk)
    assert plan.data["units"] == 9
    own.refresh_from_db()
    assert own.tenant == ada.tenant
    Event.objects.all().delete()
    give_back.undo(domain_name="shop.com", acting_user=ada)
    told = {(event.kind, event.tenant_id) for event in Event.objects.all()}
    assert told == {
        ("tenant.takeover_undone", ada.tenant.pk),
        ("tenant.takeover_undone", shop.pk),
        ("subscription.changed", shop.pk),
    }
    own.refresh_from_db()
    assert own.tenant == shop


def test_a_member_who_becomes_the_administrator_is_told_of() -> None:
    managed("firm.com")
    assert kinds() == ["tenant.taken_over"]
