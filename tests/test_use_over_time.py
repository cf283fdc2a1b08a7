"""Units and use over time, a row a day."""

from __future__ import annotations

import csv
import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from subscriptions.flows.report import note_use
from subscriptions.models import FREE_PLAN, UseOfDay
from subscriptions.services import assign_unit, ensure_free_subscription
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory
from tests.staff import administrator, sign_in_fresh

pytestmark = pytest.mark.django_db
TODAY = dt.datetime(2028, 2, 28, 23, 50, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)


def test_each_day_has_a_row_for_each_paid_subscription_and_each_free_plan() -> None:
    with time_machine.travel(TODAY, tick=False) as clock:
        subscription = SubscriptionFactory.create(units=7)
        SubscriptionFactory.create(units=7, cancelled_at=TODAY)
        for tenant in (subscription.tenant, TenantFactory.create()):
            free = ensure_free_subscription(tenant=tenant, acting_user=None)
            user = UserFactory.create(tenant=tenant)
            assign_unit(subscription=free, user=user, acting_user=None)
        note_use()
        clock.shift(DAY)
        holder = UserFactory.create(tenant=subscription.tenant)
        assign_unit(subscription=subscription, user=holder, acting_user=None)
        note_use()
        note_use()
    paid = UseOfDay.objects.filter(subscription=subscription).order_by("day")
    assert list(paid.values_list("day", "units", "used", "state")) == [
        (TODAY.date(), 7, 0, "active"),
        (dt.date(2028, 2, 29), 7, 1, "active"),
    ]
    free_rows = UseOfDay.objects.filter(plan=FREE_PLAN)
    assert list(free_rows.values_list("subscriptions", "units", "used")) == [(2, None, 2)] * 2
    assert UseOfDay.objects.count() == 4


def test_rows_of_three_years_ago_go() -> None:
    with time_machine.travel(TODAY, tick=False) as clock:
        note_use()
        clock.shift(3 * 366 * DAY)
        note_use()
        assert UseOfDay.objects.count() == 1 + UseOfDay.objects.filter(day=TODAY.date()).count()
        clock.shift(DAY)
        note_use()
    assert not UseOfDay.objects.filter(day=TODAY.date()).exists()


def test_use_is_looked_at_and_taken_along_as_csv(client: Client) -> None:
    client.force_login(OperatorFactory.create())
    subscription = SubscriptionFactory.create(tenant=TenantFactory.create(name="walkers.com"))
    note_use()
    page = client.get(reverse("admin:subscriptions_useofday_changelist"))
    assert b"walkers.com" in page.content
    answer = client.get(reverse("admin:subscriptions_useofday_export"))
    rows = list(csv.reader(answer.getvalue().decode().splitlines()))
    (row,) = [row for row in rows if "walkers.com" in row]
    assert row[3:] == [str(subscription.tenant_id), "active", "1", "10", "0"]


def test_an_administrator_sees_the_use_of_the_own_organisation(client: Client) -> None:
    boss = administrator()
    subscription = SubscriptionFactory.create(tenant=boss.tenant, units=77)
    SubscriptionFactory.create(units=88)
    ensure_free_subscription(tenant=subscription.tenant, acting_user=None)
    note_use()
    sign_in_fresh(client, boss)
    answer = client.get(reverse("admin:subscriptions_useofday_export"))
    heading, *rows = csv.reader(answer.getvalue().decode().splitlines())
    assert "organisation" not in heading
    assert [row[3:] for row in rows] == [["77", "0"]]
