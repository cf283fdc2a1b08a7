"""Administrators order, try and cancel plans in the browser; operators decide. Each step is shown before it is done."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from audit.models import AuditEvent
from feed.models import Event
from outbox.models import OutboxMail
from subscriptions.flows import orders
from subscriptions.models import Order, Plan, Subscription
from tenants.models import Tenant, User
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.second_factors import set_up_app
from tests.staff import administrator, sign_in_fresh
from tests.test_commands import refusal, run

pytestmark = pytest.mark.django_db

OFFICE, P1 = "ENTERPRISEPACK", "AIP_PREMIUM_P1"
PLANS = "/admin/subscriptions/organisationplans/"
ORDERS = "/admin/subscriptions/order/"
DAY = dt.timedelta(days=1)


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="contoso.com", state=Tenant.State.MANAGED)


@pytest.fixture
def boss(tenant: Tenant) -> User:
    user = administrator(tenant)
    set_up_app(user)
    return user


@pytest.fixture
def portal(client: Client, boss: User) -> Client:
    return sign_in_fresh(client, boss)


@pytest.fixture
def operator() -> Client:
    return sign_in_fresh(Client(), OperatorFactory.create())


def path(tenant: Tenant, *parts: str) -> str:
    return PLANS + "".join(f"{part}/" for part in (str(tenant.pk), *parts))


def page(client: Client, address: str) -> str:
    answer = client.get(address, follow=True)
    assert answer.status_code == 200, address
    return str(answer.content.decode())


def look(client: Client, address: str, **fields: object) -> str:
    """The page between the form and what it does."""
    answer = client.post(address, {"one_time_key": "k", "step": "look", **fields})
    return str(answer.content.decode())


def do(client: Client, address: str, *, key: str = "k", **fields: object) -> str:
    answer = client.post(address, {"one_time_key": key, "step": "do", **fields}, follow=True)
    return str(answer.content.decode())


def gains(text: str) -> dict[str, tuple[int, int]]:
    rows = re.findall(
        r'<th scope="row">([^<]+)</th>\s*<td class="number">(\d+)</td>\s*<td class="number">(\d+)</td>',
        text,
    )
    return {name: (int(before), int(after)) for name, before, after in rows}


def act(client: Client, action: str, order: Order) -> str:
    fields = {"action": action, "_selected_action": [str(order.pk)]}
    return str(client.post(ORDERS, fields, follow=True).content.decode())


def test_an_administrator_comes_to_the_own_plans_at_once(portal: Client, tenant: Tenant) -> None:
    SubscriptionFactory.create(tenant=tenant, units=7)
    text = page(portal, PLANS)
    assert "Plans of contoso.com" in text
    assert "Active, without end." in text
    for name in Plan.objects.values_list("name", flat=True):
        assert name in text
    assert "Custom templates" in text
    assert "Nothing was ordered yet." in text


def test_an_order_is_shown_placed_confirmed_and_told_of(
    portal: Client, operator: Client, tenant: Tenant, boss: User
) -> None:
    order_page = path(tenant, "order", P1)
    fields: dict[str, Any] = {"units": 20, "months": 12}
    assert 'value="1"' in page(portal, order_page)
    shown = look(portal, order_page, **fields)
    assert "20 units." in shown
    assert gains(shown)["Super users"] == (0, 1)
    assert not Order.objects.exists()
    assert "The order is placed." in do(portal, order_page, **fields)
    order = Order.objects.get()
    assert (order.state, order.placed_by_id) == ("placed", boss.pk)
    assert not Subscription.objects.exists()
    assert Event.objects.get().kind == "order.placed"
    assert "1 order waits for your decision." in page(operator, "/admin/")
    assert "confirmed" in act(operator, "confirm", order)
    subscription = Subscription.objects.get()
    assert (subscription.plan_id, subscription.units) == (P1, 20)
    assert subscription.ends_at
    assert 364 <= (subscription.ends_at - timezone.now()).days < 367
    kinds = list(Event.objects.order_by("id").values_list("kind", flat=True))
    assert kinds == ["order.placed", "order.confirmed", "subscription.created"]
    (mail,) = LocalInbox().mails_to(str(boss.email))
    assert "is confirmed" in mail.subject
    actions = set(AuditEvent.objects.values_list("action", flat=True))
    assert {"order.placed", "order.confirmed", "subscription.created"} <= actions


def test_the_same_form_sent_twice_orders_once(portal: Client, tenant: Tenant) -> None:
    for _ in range(2):
        said = do(portal, path(tenant, "order", P1), units=20, months=12)
        assert "The order is placed." in said
    assert Order.objects.count() == 1
    said = do(portal, path(tenant, "order", P1), units=21, months=12)
    assert "used for another request" in said
    said = do(portal, path(tenant, "order", P1), key="other", units=21, months=12)
    assert "waits already" in said
    assert Order.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"units": "", "months": 12}, "Say how many units."),
        ({"units": 0, "months": 12}, "Order at least one unit."),
        ({"units": "many", "months": 12}, "Type a whole number."),
        ({"units": 5, "months": 7}, "Select a valid choice"),
        ({"units": 5, "months": 0}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_ordered_is_told_at_its_field(
    portal: Client, tenant: Tenant, fields: dict[str, Any], words: str
) -> None:
    assert words in look(portal, path(tenant, "order", P1), **fields)
    do(portal, path(tenant, "order", P1), **fields)
    assert not Order.objects.exists()


def test_an_order_asks_for_the_second_factor_once_more(
    client: Client, tenant: Tenant, boss: User
) -> None:
    sign_in_fresh(client, boss, minutes_ago=11)
    address = path(tenant, "order", P1)
    fields = {"one_time_key": "k", "step": "do", "units": 5, "months": 12}
    assert "/reauthenticate/" in client.post(address, fields).headers["Location"]
    assert not Order.objects.exists()


def test_an_operator_refuses_and_an_administrator_withdraws(
    portal: Client, operator: Client, tenant: Tenant, boss: User
) -> None:
    address = path(tenant, "order", P1)
    do(portal, address, units=5, months=12)
    assert "refused" in act(operator, "refuse", Order.objects.get())
    (mail,) = LocalInbox().mails_to(str(boss.email))
    assert "was refused" in mail.subject
    do(portal, address, key="again", units=5, months=12)
    second = Order.objects.get(state="placed")
    portal.post(path(tenant, "withdraw", str(second.pk)))
    second.refresh_from_db()
    assert second.state == "withdrawn"
    assert "does not wait any more" in act(operator, "confirm", second)
    assert not Subscription.objects.exists()


def test_an_administrator_does_not_confirm(portal: Client, tenant: Tenant) -> None:
    do(portal, path(tenant, "order", P1), units=5, months=12)
    act(portal, "confirm", Order.objects.get())
    assert Order.objects.get().state == "placed"
    assert not Subscription.objects.exists()


def test_another_plan_takes_the_place_of_the_one_there_is(
    portal: Client, operator: Client, tenant: Tenant
) -> None:
    UserFactory.create_batch(2, tenant=tenant)
    before = SubscriptionFactory.create(tenant=tenant, units=10)
    fields: dict[str, Any] = {"units": 12, "months": 0, "instead_of": OFFICE}
    shown = look(portal, path(tenant, "order", P1), **fields)
    assert "becomes it" in shown
    assert gains(shown) == {"Keys of the organisation&#x27;s own": (0, 3)}
    do(portal, path(tenant, "order", P1), **fields)
    act(operator, "confirm", Order.objects.get())
    after = Subscription.objects.get(cancelled_at=None)
    assert (after.pk, after.plan_id, after.units) == (before.pk, P1, 12)


def test_more_units_and_longer_keep_what_was_bought(
    portal: Client, operator: Client, tenant: Tenant
) -> None:
    end = timezone.now() + 100 * DAY
    SubscriptionFactory.create(tenant=tenant, units=10, ends_at=end)
    address = path(tenant, "order", OFFICE)
    assert "This changes nothing" in look(portal, address, units=10, months=0)
    do(portal, address, units=15, months=0)
    act(operator, "confirm", Order.objects.get())
    subscription = Subscription.objects.get()
    assert (subscription.units, subscription.ends_at) == (15, end)
    do(portal, address, key="longer", units=15, months=12)
    act(operator, "confirm", Order.objects.get(state="placed"))
    subscription.refresh_from_db()
    assert subscription.ends_at
    assert 464 <= (subscription.ends_at - timezone.now()).days < 467


def test_fewer_units_than_are_in_use_are_refused(portal: Client, tenant: Tenant) -> None:
    subscription = SubscriptionFactory.create(tenant=tenant, units=10)
    for user in UserFactory.create_batch(2, tenant=tenant):
        subscription.assigned_licences.create(user=user)
    shown = look(portal, path(tenant, "order", OFFICE), units=1, months=0)
    assert "2 units are assigned, so 1 are too few" in shown


def test_a_trial_starts_at_once_and_only_once(
    portal: Client, tenant: Tenant, settings: Settings
) -> None:
    address = path(tenant, "try", P1)
    assert "At most 100 units" in page(portal, address)
    assert gains(look(portal, address, units=5))["Super users"] == (0, 1)
    assert "The trial has started." in do(portal, address, units=5)
    subscription = Subscription.objects.get()
    assert subscription.trial_ends_at
    assert (subscription.trial_ends_at - timezone.now()).days in {29, 30}
    assert "On trial until" in page(portal, PLANS)
    assert "cannot be tried" in look(portal, address, units=5)
    assert "at most 100 units" in look(portal, path(tenant, "try", OFFICE), units=101)
    settings.TRIAL_DAYS = 0
    assert "cannot be tried" in look(portal, path(tenant, "try", OFFICE), units=5)


def test_buying_during_a_trial_costs_no_day_of_it(
    portal: Client, operator: Client, tenant: Tenant
) -> None:
    do(portal, path(tenant, "try", P1), units=5)
    do(portal, path(tenant, "order", P1), key="buy", units=5, months=1)
    act(operator, "confirm", Order.objects.get())
    subscription = Subscription.objects.get()
    assert subscription.trial_ends_at is None
    assert subscription.ends_at
    assert 56 < (subscription.ends_at - timezone.now()).days < 62


def test_cancelling_says_what_is_lost_and_is_done_at_the_end_or_at_once(
    portal: Client, tenant: Tenant
) -> None:
    end = timezone.now() + 100 * DAY
    subscription = SubscriptionFactory.create(tenant=tenant, units=10, ends_at=end)
    address = path(tenant, "cancel", OFFICE)
    assert gains(look(portal, address, when="at_end"))["Super users"] == (1, 0)
    assert "The plan is cancelled." in do(portal, address, when="at_end")
    subscription.refresh_from_db()
    assert (subscription.cancels_at_end, subscription.cancelled_at) == (True, None)
    assert "and cancelled then." in page(portal, PLANS)
    do(portal, address, key="now", when="now")
    subscription.refresh_from_db()
    assert subscription.cancelled_at
    assert portal.get(address).status_code == 404


def test_an_operator_gives_renews_and_cancels_for_any_organisation(operator: Client) -> None:
    nobodys = TenantFactory.create(name="small.com")
    UserFactory.create(tenant=nobodys)
    assert "small.com" in page(operator, PLANS)
    assert "Give it" in page(operator, path(nobodys, "change"))
    do(operator, path(nobodys, "order", OFFICE), units=5, months=12)
    subscription = Subscription.objects.get()
    assert (subscription.plan_id, subscription.units) == (OFFICE, 5)
    assert Order.objects.get().state == "confirmed"
    assert not OutboxMail.objects.exists()
    do(operator, path(nobodys, "order", OFFICE), key="renew", units=5, months=12)
    subscription.refresh_from_db()
    assert subscription.ends_at
    assert (subscription.ends_at - timezone.now()).days > 700
    do(operator, path(nobodys, "cancel", OFFICE), when="now")
    subscription.refresh_from_db()
    assert subscription.cancelled_at


@pytest.mark.parametrize("what", ["order", "try", "cancel"])
def test_an_administrator_reaches_no_other_organisation(
    portal: Client, tenant: Tenant, what: str
) -> None:
    other = SubscriptionFactory.create(tenant__name="other.com").tenant
    for address in (path(other, "change"), path(other, what, P1), path(other, what, OFFICE)):
        assert portal.get(address).status_code == 404
        assert portal.post(address, {"step": "do", "units": 5, "months": 12}).status_code in {
            403,
            404,
        }
    order = orders.place(
        wanted=orders.Wanted(other, Plan.objects.get(sku=P1), 5, 12), acting_user=None
    )
    for owner in (tenant, other):
        portal.post(path(owner, "withdraw", str(order.pk)))
    order.refresh_from_db()
    assert order.state == "placed"
    assert "other.com" not in page(portal, ORDERS)


def test_what_waits_is_decided_in_time_or_still_makes_sense(
    portal: Client, operator: Client, tenant: Tenant
) -> None:
    """Units that were assigned meanwhile are not taken away by an old order."""
    subscription = SubscriptionFactory.create(tenant=tenant, units=10)
    do(portal, path(tenant, "order", OFFICE), units=1, months=0)
    for user in UserFactory.create_batch(2, tenant=tenant):
        subscription.assigned_licences.create(user=user)
    assert "too few" in act(operator, "confirm", Order.objects.get())
    assert Order.objects.get().state == "placed"


def test_every_state_is_a_sentence(portal: Client, tenant: Tenant) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        SubscriptionFactory.create(tenant=tenant, trial_ends_at=timezone.now() + 30 * DAY)
        for days, words in (
            (0, "On trial until"),
            (31, "all of it works until"),
            (30, "and works no more"),
        ):
            clock.shift(days * DAY)
            boss = administrator(tenant)
            set_up_app(boss)
            sign_in_fresh(portal, boss)
            assert words in page(portal, PLANS).replace("All", "all")


def test_the_look_says_who_gains_and_who_loses(
    portal: Client, operator: Client, tenant: Tenant, boss: User
) -> None:
    colleagues = [
        UserFactory.create(tenant=tenant, email=f"c{n:02}@contoso.com") for n in range(21)
    ]
    gained = look(portal, path(tenant, "try", P1), units=2)
    assert f"<bdi>{colleagues[0].email}</bdi>" in gained
    assert "<summary>22 people</summary>" in gained
    assert "and 2 more" in gained
    assert (
        "Whoever has or gets a unit gains: custom templates, tracking and revoking files." in gained
    )
    do(portal, path(tenant, "try", P1), units=2)
    run("assign_licence", str(colleagues[3].email), "--plan", P1)
    lost = look(portal, path(tenant, "cancel", P1), when="now")
    row = re.search(r"Custom templates</th>.*?</tr>", lost, re.DOTALL)
    assert row
    assert re.findall(r"<bdi>(.+?)</bdi>", row[0]) == [colleagues[3].email]


def test_names_are_left_out_where_an_organisation_is_very_large(
    portal: Client, tenant: Tenant, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("subscriptions.people.MOST_BY_NAME", 0)
    shown = look(portal, path(tenant, "try", P1), units=2)
    assert gains(shown)["Super users"] == (0, 1)
    assert "Who gains it" not in shown


def test_what_has_no_end_is_not_renewed(portal: Client, tenant: Tenant) -> None:
    SubscriptionFactory.create(tenant=tenant, units=7)
    order_page = path(tenant, "order", OFFICE)
    assert "12 months" not in page(portal, order_page)
    assert "Select a valid choice" in look(portal, order_page, units=7, months=12)
    words = ("renew_subscription", "contoso.com", "--plan", OFFICE, "--months", "12")
    assert "has no end" in refusal(*words)
    assert Subscription.objects.get().ends_at is None


def test_an_order_of_units_alone_says_that_the_end_stays(
    portal: Client, operator: Client, tenant: Tenant
) -> None:
    SubscriptionFactory.create(tenant=tenant, units=7)
    do(portal, path(tenant, "order", OFFICE), units=9, months=0)
    assert Order.objects.get().months == 0
    assert "the end stays" in page(portal, PLANS)
    assert "the end stays" in page(operator, ORDERS)
