"""Ends of plans: administrators are told 30, 7 and 1 days before, once each, and the log has every step."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from audit.models import AuditEvent
from outbox.models import OutboxMail
from subscriptions import tasks
from subscriptions.flows.ends import note_states, untold, warn_of_ends
from subscriptions.models import EndWarning, Subscription
from subscriptions.tasks import SCHEDULE
from tenants.models import Tenant, User
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.staff import sign_in_fresh
from tests.test_commands import run

pytestmark = pytest.mark.django_db
END = dt.datetime(2028, 3, 1, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


@pytest.fixture
def clock() -> Iterator[Any]:
    with time_machine.travel(END - 60 * DAY, tick=False) as moved:
        yield moved


@pytest.fixture
def tenant(clock: Any) -> Tenant:
    return TenantFactory.create(name="walkers.com", state="managed")


@pytest.fixture
def administrator(tenant: Tenant) -> User:
    return UserFactory.create(tenant=tenant, role="administrator")


def subscribed(tenant: Tenant, **fields: Any) -> Subscription:
    subscription: Subscription = SubscriptionFactory.create(tenant=tenant, **fields)
    return subscription


def warned() -> list[int]:
    mails = OutboxMail.objects.filter(kind="subscriptions.ends_soon").order_by("created_at")
    return [int(str(mail.context["days"])) for mail in mails]


def dashboard() -> str:
    client = sign_in_fresh(Client(), OperatorFactory.create())
    return client.get("/admin/").content.decode()


def hours_until(clock: Any, moment: dt.datetime) -> None:
    """The scheduler's hours go by."""
    now = dt.datetime.now(tz=dt.UTC)
    while now < moment:
        now += dt.timedelta(hours=6)
        clock.move_to(now)
        warn_of_ends()
        note_states()


@pytest.mark.parametrize("dates", [{"ends_at": END}, {"trial_ends_at": END}])
def test_each_warning_goes_out_once(
    clock: Any, tenant: Tenant, administrator: User, dates: dict[str, Any]
) -> None:
    subscribed(tenant, **dates)
    second = UserFactory.create(tenant=tenant, role="administrator")
    UserFactory.create(tenant=tenant)
    hours_until(clock, END - 30 * DAY - dt.timedelta(hours=6))
    assert warned() == []
    hours_until(clock, END + 40 * DAY)
    assert warned() == [30, 30, 7, 7, 1, 1]
    assert {mail.to_address for mail in OutboxMail.objects.all()} == {
        administrator.email,
        second.email,
    }


def test_a_clock_that_stood_still_tells_the_nearest_only(
    clock: Any, tenant: Tenant, administrator: User
) -> None:
    subscribed(tenant, ends_at=END)
    clock.move_to(END - 5 * DAY)
    warn_of_ends()
    warn_of_ends()
    assert warned() == [7]
    clock.move_to(END - 40 * DAY)
    warn_of_ends()
    assert warned() == [7]
    clock.move_to(END - dt.timedelta(hours=3))
    warn_of_ends()
    assert warned() == [7, 1]


def test_the_mail_says_when_and_what_then(clock: Any, tenant: Tenant, administrator: User) -> None:
    subscribed(tenant, ends_at=END)
    clock.move_to(END - 7 * DAY)
    warn_of_ends()
    (mail,) = LocalInbox().mails_to(str(administrator.email))
    assert mail.subject == "Office plan with rights management ends in 7 days"
    assert "walkers.com ends on 29 February 2028" in mail.text
    assert "All of it works until 30 March 2028" in mail.text
    assert "Reading protected files never stops" in mail.text


def test_what_was_renewed_is_warned_of_anew(
    clock: Any, tenant: Tenant, administrator: User
) -> None:
    subscribed(tenant, ends_at=END)
    clock.move_to(END - 20 * DAY)
    warn_of_ends()
    run("renew_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--months", "1")
    warn_of_ends()
    assert warned() == [30]
    clock.move_to(END + 4 * DAY)
    warn_of_ends()
    assert warned() == [30, 30]


def test_what_was_cancelled_or_is_free_is_not_warned_of(
    clock: Any, tenant: Tenant, administrator: User
) -> None:
    subscribed(tenant, ends_at=END, cancelled_at=END - 50 * DAY)
    hours_until(clock, END)
    assert warned() == []


def test_an_end_that_nobody_could_be_told_of_waits_for_the_operator(
    clock: Any, tenant: Tenant
) -> None:
    subscription = subscribed(tenant, ends_at=END)
    clock.move_to(END - 7 * DAY)
    warn_of_ends()
    assert warned() == []
    assert {row.subscription for row in untold(END)} == {subscription}
    assert "no administrator who could be told" in dashboard()
    clock.move_to(END + 31 * DAY)
    assert "no administrator who could be told" not in dashboard()


def test_the_log_has_every_step_of_the_ladder(
    clock: Any, tenant: Tenant, administrator: User
) -> None:
    subscribed(tenant, trial_ends_at=END - 50 * DAY, ends_at=END)
    note_states()
    hours_until(clock, END + 40 * DAY)
    steps = AuditEvent.objects.filter(action="subscription.state_changed").order_by("at")
    assert [step.details["state"] for step in steps] == ["active", "grace", "suspended"]
    note_states()
    assert steps.count() == 3


def test_what_is_cancelled_at_its_end_is_so_from_then(clock: Any, tenant: Tenant) -> None:
    subscription = subscribed(tenant, ends_at=END, cancels_at_end=True)
    note_states()
    hours_until(clock, END + DAY)
    subscription.refresh_from_db()
    assert subscription.cancelled_at == END
    assert subscription.noted_state == "cancelled"


def test_everything_is_scheduled() -> None:
    for entry in SCHEDULE.values():
        getattr(tasks, str(entry["task"]).rpartition(".")[2])()
    assert not EndWarning.objects.exists()
