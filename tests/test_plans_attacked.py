"""What somebody tries who wants more of a plan than there is: numbers, dates, keys, forged addresses, second trials."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from audit.exceptions import Refusal
from subscriptions.bounds import MOST_UNITS
from subscriptions.exceptions import EndTooFar, NoSuchNumber, NotOffered
from subscriptions.flows import orders
from subscriptions.flows.convert import give_plan, renew_subscription, set_units
from subscriptions.flows.try_out import may_try, start_trial
from subscriptions.models import Order, Plan, Subscription
from tenants.models import Tenant, User
from tests.factories import SubscriptionFactory
from tests.test_commands import refusal, run
from tests.test_orders import (  # noqa: F401 -- fixtures
    DAY,
    OFFICE,
    P1,
    PLANS,
    boss,
    do,
    look,
    operator,
    page,
    path,
    portal,
    tenant,
)

pytestmark = pytest.mark.django_db
CONVERT = ("convert_subscription", "contoso.com", "--plan", OFFICE)


def plan(sku: str) -> Plan:
    return Plan.objects.get(sku=sku)


# --- Numbers and dates -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("--units", "-1"),
        ("--units", "0"),
        ("--units", str(MOST_UNITS + 1)),
        ("--units", "99999999999999999999"),
        ("--units", "5", "--trial", "99999999999999"),
        ("--units", "5", "--trial", "-1"),
        ("--units", "5", "--until", "9999-12-31"),
        ("--units", "5", "--until", "9999-12-01"),
        ("--units", "5", "--until", "2001-01-01"),
        ("--units", "5", "--until", "0001-01-01"),
    ],
)
def test_a_number_or_day_beyond_all_sense_is_one_sentence(
    tenant: Tenant,  # noqa: F811
    words: tuple[str, ...],
) -> None:
    assert refusal(*CONVERT, *words)
    assert not Subscription.objects.exists()


def test_nobody_renews_into_the_year_ten_thousand(tenant: Tenant) -> None:  # noqa: F811
    row = SubscriptionFactory.create(tenant=tenant, ends_at=timezone.now() + DAY)
    words = ("renew_subscription", "contoso.com", "--plan", OFFICE, "--months")
    for months in ("0", "-5", "1201", "999999999"):
        assert refusal(*words, months)
    run(*words, "1100")
    assert "within 100 years" in refusal(*words, "200")
    with pytest.raises(NoSuchNumber):
        renew_subscription(tenant=tenant, plan=row.plan, months=-1, acting_user=None)


@pytest.mark.parametrize("units", [-1, 0, MOST_UNITS + 1, 2**40])
def test_no_flow_takes_units_that_are_none(tenant: Tenant, units: int) -> None:  # noqa: F811
    office = plan(OFFICE)
    with pytest.raises(Refusal):
        give_plan(tenant=tenant, plan=office, units=units, acting_user=None)
    SubscriptionFactory.create(tenant=tenant)
    for flow in (give_plan, set_units):
        with pytest.raises(NoSuchNumber):
            flow(tenant=tenant, plan=office, units=units, acting_user=None)


@pytest.mark.parametrize(
    "units", ["-5", "0", "1e3", "１２３４５６７", "٣٤٥٦٧٨٩", "5; DROP", "1" * 400, "5.5"]
)
def test_no_form_takes_units_that_are_none(
    portal: Client,  # noqa: F811
    tenant: Tenant,  # noqa: F811
    units: str,
) -> None:
    do(portal, path(tenant, "order", P1), units=units, months=12)
    do(portal, path(tenant, "try", P1), units=units)
    assert not Order.objects.exists()
    assert not Subscription.objects.exists()


def test_an_end_that_is_far_is_shown_and_one_that_is_too_far_is_refused(
    portal: Client,  # noqa: F811
    tenant: Tenant,  # noqa: F811
) -> None:
    far = timezone.now() + dt.timedelta(days=365 * 101)
    with pytest.raises(EndTooFar):
        give_plan(tenant=tenant, plan=plan(OFFICE), units=1, until=far, acting_user=None)
    near = timezone.now() + dt.timedelta(days=365 * 99)
    give_plan(tenant=tenant, plan=plan(OFFICE), units=1, until=near, acting_user=None)
    assert "Active until" in page(portal, PLANS)


# --- One key, another page -------------------------------------------------------------------------


def test_the_key_of_one_plans_page_orders_and_cancels_nothing_on_anothers(
    portal: Client,  # noqa: F811
    tenant: Tenant,  # noqa: F811
) -> None:
    do(portal, path(tenant, "order", P1), key="same", units=5, months=12)
    said = do(portal, path(tenant, "order", OFFICE), key="same", units=5, months=12)
    assert "used for another request" in said
    for sku in (OFFICE, P1):
        SubscriptionFactory.create(tenant=tenant, plan=plan(sku))
    do(portal, path(tenant, "cancel", P1), key="end", when="now")
    assert "used for another" in do(portal, path(tenant, "cancel", OFFICE), key="end", when="now")
    assert Subscription.objects.get(plan=OFFICE).cancelled_at is None


# --- Trials ----------------------------------------------------------------------------------------


def test_a_plan_is_not_tried_again_once_it_became_another(
    tenant: Tenant,  # noqa: F811
    boss: User,  # noqa: F811
) -> None:
    start_trial(tenant=tenant, plan=plan(P1), units=5, acting_user=boss)
    give_plan(tenant=tenant, plan=plan(OFFICE), instead_of=plan(P1), acting_user=None)
    run("cancel_subscription", "contoso.com")
    for sku in (P1, OFFICE):
        assert not may_try(tenant, plan(sku))
        assert "cannot be tried" in said(tenant, sku, boss)
    assert may_try(tenant, plan("AIP_PREMIUM_P2"))


def said(tenant: Tenant, sku: str, boss: User) -> str:  # noqa: F811
    with pytest.raises(Refusal) as refused:
        start_trial(tenant=tenant, plan=plan(sku), units=5, acting_user=boss)
    return str(refused.value)


# --- What is not offered ---------------------------------------------------------------------------


@pytest.fixture(params=["retired", "draft"])
def hidden(request: pytest.FixtureRequest) -> Plan:
    if request.param == "retired":
        Plan.objects.filter(sku=P1).update(is_offered=False)
        return plan(P1)
    return Plan.objects.create(sku="DRAFT", name="A draft")


def test_what_is_not_offered_is_neither_ordered_nor_tried(
    portal: Client,  # noqa: F811
    tenant: Tenant,  # noqa: F811
    boss: User,  # noqa: F811
    hidden: Plan,
) -> None:
    assert hidden.name not in page(portal, PLANS)
    for what in ("order", "try"):
        address = path(tenant, what, hidden.sku)
        assert portal.get(address).status_code == 404
        do(portal, address, units=5, months=12)
    wanted = orders.Wanted(tenant, hidden, 5, 12)
    with pytest.raises(NotOffered):
        orders.place(wanted=wanted, acting_user=boss)
    with pytest.raises(NotOffered):
        start_trial(tenant=tenant, plan=hidden, units=5, acting_user=boss)
    assert not Order.objects.exists()
    assert not Subscription.objects.exists()


def test_who_has_a_plan_that_is_offered_no_more_keeps_and_renews_it(
    portal: Client,  # noqa: F811
    tenant: Tenant,  # noqa: F811
) -> None:
    soon = timezone.now() + dt.timedelta(days=10)
    SubscriptionFactory.create(tenant=tenant, plan=plan(P1), units=5, ends_at=soon)
    Plan.objects.filter(sku=P1).update(is_offered=False)
    assert plan(P1).name in page(portal, PLANS)
    assert "is placed" in do(portal, path(tenant, "order", P1), units=9, months=12)


def test_the_operator_gives_what_is_not_offered(
    operator: Client,  # noqa: F811
    tenant: Tenant,  # noqa: F811
    hidden: Plan,
) -> None:
    assert "units" in look(operator, path(tenant, "order", hidden.sku), units=5, months=12)
    do(operator, path(tenant, "order", hidden.sku), units=5, months=12)
    assert Subscription.objects.get().plan == hidden
