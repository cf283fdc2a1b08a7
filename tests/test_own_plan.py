"""Everybody sees what their organisation's plans let them do; if not, why, and what would allow it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from subscriptions.flows.units import assign_after_sign_in
from subscriptions.models import Capability
from tenants.models import Tenant, User
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory

pytestmark = pytest.mark.django_db
PAGE = "/account/plan/"


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create()


def shown_to(user: User) -> str:
    client = Client()
    client.force_login(user)
    assert ('href="/account/plan/"' in client.get("/account/").content.decode()) is bool(
        user.tenant_id
    )
    return client.get(PAGE).content.decode()


def test_who_has_no_plan_is_told_how_to_get_the_free_one(tenant: Tenant) -> None:
    page = shown_to(UserFactory.create(tenant=tenant))
    assert "Reading protected files" in page
    assert "This account does not have the free plan yet. Sign out and in again: it is free" in page
    assert "sign up with its address at" in page


def test_a_unit_a_place_in_the_line_and_a_plan_that_has_ended(tenant: Tenant) -> None:
    subscription = SubscriptionFactory.create(tenant=tenant, units=1)
    first, second = UserFactory.create_batch(2, tenant=tenant)
    for user in (first, second):
        assign_after_sign_in(user)
    page = shown_to(first)
    assert "active, a unit is yours" in " ".join(page.split())
    assert page.index("Custom templates") < page.index("What you may not do yet")
    assert "does not include tracking and revoking files" in page
    assert "you get a mail when one is free" in shown_to(second)
    subscription.cancelled_at = timezone.now()
    subscription.save()
    assert "included custom templates has ended" in shown_to(first)
    assert "cancelled, a unit is yours" in " ".join(shown_to(first).split())


def test_every_capability_is_on_the_page(tenant: Tenant) -> None:
    page = shown_to(UserFactory.create(tenant=tenant)).lower()
    assert all(str(capability.label).replace("'", "&#x27;") in page for capability in Capability)


def test_an_operator_has_none() -> None:
    assert "belongs to no organisation" in shown_to(OperatorFactory.create())
