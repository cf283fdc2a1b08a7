"""What other rooms hang on plans takes part in a conversion: none is forgotten, each says what it means for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db.models import Model

from subscriptions import following
from subscriptions.following import Difference, Follower, followers, register
from subscriptions.models import AssignedLicence, Plan, Subscription
from tenants.models import Tenant
from tests.factories import SubscriptionFactory, TenantFactory, UserFactory
from tests.test_commands import run

pytestmark = pytest.mark.django_db
OF_PLANS = {Plan, Subscription, AssignedLicence}


def refers_to_plans(model: type[Model]) -> bool:
    return any(
        field.is_relation and field.related_model in OF_PLANS for field in model._meta.fields
    )


def test_whatever_refers_to_plans_belongs_to_a_follower() -> None:
    followed = {model for follower in followers() for model in follower.models}
    referring = {model for model in apps.get_models() if refers_to_plans(model)}
    assert AssignedLicence in referring
    assert referring - followed == set()


def test_what_a_room_says_is_in_the_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    TenantFactory.create(name="walkers.com")

    def say(tenant: Tenant, differences: list[Difference]) -> Iterator[str]:
        lost = [one.capability.value for one in differences if one.is_lost]
        new = [one.capability.value for one in differences if one.is_new]
        yield f"{tenant.name}: {len(lost)} lost, {len(new)} new"

    monkeypatch.setattr(following, "_followers", {})
    register(Follower("examples", (), say))
    UserFactory.create(tenant=Tenant.objects.get())
    words = ("convert_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1", "--units", "1")
    assert run(*words, "--dry-run")["consequences"][1:] == ["walkers.com: 0 lost, 7 new"]
    run(*words)
    # What the free plan gives is not lost.
    assert run("cancel_subscription", "walkers.com")["consequences"] == [
        "walkers.com: 5 lost, 0 new"
    ]


def test_the_units_say_what_becomes_of_them() -> None:
    tenant = TenantFactory.create(name="walkers.com")
    subscription = SubscriptionFactory.create(tenant=tenant)
    AssignedLicence.objects.create(
        subscription=subscription, user=UserFactory.create(tenant=tenant)
    )
    said = run("cancel_subscription", "walkers.com", "--dry-run")["consequences"]
    assert said[0].startswith("1 person keeps a unit of a plan that has ended")
    assert "nothing is deleted" in said[1]
    (row,) = run("list_subscriptions", "walkers.com")
    assert row["state"] == "active"
