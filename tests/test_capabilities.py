"""May this person, or this organisation, do something now; if not, why, and what would allow it."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.exceptions import Refusal
from audit.models import AuditEvent
from subscriptions import catalogue
from subscriptions.capabilities import REASONS, REMEDIES, WhyNot, ask, require
from subscriptions.models import (
    OF_THE_ORGANISATION,
    AssignedLicence,
    Capability,
    Plan,
    ServicePlan,
    Subscription,
)
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.models import Tenant, User
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory
from tests.services.product import ROOT
from tests.test_commands import refusal, run

pytestmark = pytest.mark.django_db

FREE = {Capability.READ, Capability.PROTECT, Capability.DEFAULT_TEMPLATES}
OFFICE = FREE | {
    Capability.CUSTOM_TEMPLATES,
    Capability.SUPER_USERS,
    Capability.USAGE_LOG,
    Capability.MAIL_GATEWAY,
    Capability.LIBRARY_GATEWAY,
}
P1 = OFFICE | {Capability.TRACK_AND_REVOKE, Capability.BYOK}
P2 = P1 | {Capability.AUTOMATIC_PROTECTION}
PLANS = {"ENTERPRISEPACK": OFFICE, "AIP_PREMIUM_P1": P1, "AIP_PREMIUM_P2": P2}
DAY = dt.timedelta(days=1)


def allowed(who: User | Tenant) -> set[Capability]:
    return {capability for capability in Capability if ask(who, capability).allowed}


def with_free_unit(tenant: Tenant) -> User:
    user: User = UserFactory.create(tenant=tenant)
    free = ensure_free_subscription(tenant=tenant, acting_user=None)
    assign_unit(subscription=free, user=user, acting_user=None)
    return user


def subscribed(sku: str, **fields: Any) -> Subscription:
    subscription: Subscription = SubscriptionFactory.create(
        plan=Plan.objects.get(sku=sku), **fields
    )
    return subscription


def with_unit(subscription: Subscription) -> User:
    user: User = UserFactory.create(tenant=subscription.tenant)
    assign_unit(subscription=subscription, user=user, acting_user=None)
    return user


def why_not(who: User | Tenant, capability: Capability) -> WhyNot | None:
    return ask(who, capability).why_not


def test_the_free_plan_protects_and_reads() -> None:
    assert allowed(with_free_unit(TenantFactory.create())) == FREE


def test_whoever_has_an_account_reads_without_any_unit() -> None:
    user = UserFactory.create()
    assert allowed(user) == {Capability.READ}
    answer = ask(user, Capability.PROTECT)
    assert answer.why_not is WhyNot.NO_FREE_UNIT
    assert "/signup/" in answer.remedy


@pytest.mark.parametrize("sku", PLANS)
def test_each_plan_unlocks_what_the_table_says(sku: str) -> None:
    subscription = subscribed(sku)
    assert allowed(subscription.tenant) == PLANS[sku]
    assert allowed(with_unit(subscription)) == PLANS[sku]


@pytest.mark.parametrize("sku", PLANS)
def test_without_a_unit_a_colleague_has_what_is_free_and_what_the_organisation_has(
    sku: str,
) -> None:
    subscription = subscribed(sku)
    colleague = UserFactory.create(tenant=subscription.tenant)
    assert allowed(colleague) == FREE | (PLANS[sku] & OF_THE_ORGANISATION)
    answer = ask(colleague, Capability.CUSTOM_TEMPLATES)
    assert answer.why_not is WhyNot.NO_UNIT
    assert subscription.plan.name in answer.reason


def test_what_no_plan_of_the_organisation_has_names_the_plans_that_have_it() -> None:
    answer = ask(with_unit(subscribed("ENTERPRISEPACK")), Capability.TRACK_AND_REVOKE)
    assert answer.why_not is WhyNot.NOT_IN_PLAN
    assert "Premium P1, Information Protection Premium P2" in answer.remedy


@pytest.mark.parametrize(
    "dates",
    [
        {"ends_at": timezone.now() - 31 * DAY},
        {"trial_ends_at": timezone.now() - 31 * DAY},
        {"cancelled_at": timezone.now() - DAY},
    ],
)
def test_when_a_plan_has_ended_its_holders_have_the_free_one(dates: dict[str, Any]) -> None:
    subscription = subscribed("AIP_PREMIUM_P2", started_at=timezone.now() - 90 * DAY, **dates)
    holder = with_unit(subscription)
    assert allowed(holder) == FREE
    assert why_not(holder, Capability.BYOK) is WhyNot.ENDED
    assert why_not(subscription.tenant, Capability.BYOK) is WhyNot.ENDED


def test_in_grace_everything_goes_on() -> None:
    ended = timezone.now() - 29 * DAY
    subscription = subscribed("AIP_PREMIUM_P2", started_at=ended - DAY, ends_at=ended)
    assert allowed(with_unit(subscription)) == P2


def test_time_passes_also_for_what_is_remembered() -> None:
    now = timezone.now()
    user = with_unit(subscribed("AIP_PREMIUM_P1", ends_at=now + DAY))
    assert ask(user, Capability.BYOK, now=now + 30 * DAY).allowed
    assert not ask(user, Capability.BYOK, now=now + 32 * DAY).allowed


@pytest.mark.parametrize("state", ["disabled", "deleted"])
def test_an_account_that_is_not_active_may_nothing(state: str) -> None:
    user = with_unit(subscribed("AIP_PREMIUM_P2"))
    User.objects.filter(pk=user.pk).update(state=state)
    assert allowed(user) == set()
    assert why_not(user, Capability.READ) is WhyNot.NOT_ACTIVE


def test_a_mailbox_that_was_not_proven_for_long_may_nothing() -> None:
    user = with_unit(subscribed("AIP_PREMIUM_P2"))
    user.addresses.update(proven_at=timezone.now() - 91 * DAY)
    assert allowed(user) == set()
    assert why_not(user, Capability.READ) is WhyNot.MAILBOX_NOT_PROVEN


def test_an_operator_has_no_plan() -> None:
    assert why_not(OperatorFactory.create(), Capability.READ) is WhyNot.NO_ORGANISATION


def test_another_organisations_plan_gives_nothing() -> None:
    subscribed("AIP_PREMIUM_P2")
    assert allowed(UserFactory.create()) == {Capability.READ}


def test_a_refusal_has_the_words_of_the_answer() -> None:
    user = UserFactory.create()
    require(user, Capability.READ)
    answer = ask(user, Capability.BYOK)
    with pytest.raises(Refusal, match=re.escape(f"{answer.reason} {answer.remedy}")):
        require(user, Capability.BYOK)


def test_every_reason_has_words_and_a_remedy() -> None:
    assert set(REASONS) == set(REMEDIES) == set(WhyNot)


def test_the_command_says_the_same() -> None:
    user = with_free_unit(TenantFactory.create(name="walkers.com"))
    rows = run("list_capabilities", str(user.email))
    assert {row["capability"] for row in rows if row["allowed"]} == set(FREE)
    (row,) = [row for row in rows if row["capability"] == "byok"]
    assert row["reason"] == ask(user, Capability.BYOK).reason
    assert len(run("list_capabilities", "walkers.com")) == len(Capability)
    assert "No account" in refusal("list_capabilities", "nobody@walkers.com")


# --- The catalogue ---------------------------------------------------------------------------------


def names_in_the_catalogue() -> list[str]:
    plans = catalogue.shipped()["service_plans"].values()
    return [name for plan in plans for name in plan["capabilities"]]


def test_the_catalogue_has_every_capability_once_and_no_other() -> None:
    assert sorted(names_in_the_catalogue()) == sorted(Capability.values)


def test_every_capability_that_code_names_is_one_and_the_product_spells_none_out() -> None:
    rooms = [path for path in ROOT.iterdir() if (path / "apps.py").exists()]
    assert len(rooms) > 5
    sources = {
        path: path.read_text()
        for room in [*rooms, ROOT / "rms_portal", ROOT / "tests"]
        for path in room.rglob("*.py")
        if path.name != "capability.py"
    }
    named = {
        name for text in sources.values() for name in re.findall(r"\bCapability\.([A-Z]\w+)", text)
    }
    assert named <= set(Capability.__members__)
    spelled = {f'"{name}"' for name in Capability.values if name not in {"read", "protect"}}
    product = [text for path, text in sources.items() if ROOT / "tests" not in path.parents]
    assert [text for text in product for name in spelled if name in text] == []


def test_every_plan_of_the_catalogue_is_made_of_service_plans_of_it() -> None:
    shipped = catalogue.shipped()
    for plan in shipped["plans"].values():
        assert set(plan["service_plans"]) <= set(shipped["service_plans"])


def test_loading_again_changes_nothing_and_keeps_what_an_operator_edited() -> None:
    assert run("load_catalogue") == {"changed": []}
    Plan.objects.filter(sku="ENTERPRISEPACK").update(name="Ours", edited_at=timezone.now())
    Plan.objects.filter(sku="AIP_PREMIUM_P1").update(name="Out of date")
    ServicePlan.objects.filter(name="RMS_S_PREMIUM").delete()
    assert run("load_catalogue")["changed"] == ["RMS_S_PREMIUM", "AIP_PREMIUM_P1", "AIP_PREMIUM_P2"]
    assert Plan.objects.get(sku="ENTERPRISEPACK").name == "Ours"
    assert Plan.objects.get(sku="AIP_PREMIUM_P1").name == "Information Protection Premium P1"
    assert AuditEvent.objects.get(action="catalogue.loaded").details["changed"]


def test_an_operator_edits_the_catalogue_and_the_log_says_so(client: Client) -> None:
    client.force_login(operator := OperatorFactory.create())
    user = with_unit(subscribed("ENTERPRISEPACK"))
    page = reverse("admin:subscriptions_serviceplan_change", args=("RMS_S_ENTERPRISE",))
    client.post(page, {"title": "Less", "capabilities": ["usage_log"]})
    assert not ask(user, Capability.CUSTOM_TEMPLATES).allowed
    assert ask(user, Capability.USAGE_LOG).allowed
    event = AuditEvent.objects.get(action="service_plan.changed")
    assert (event.actor_id, event.details["capabilities"]) == (operator.pk, ["usage_log"])
    run("load_catalogue")
    assert ServicePlan.objects.get(name="RMS_S_ENTERPRISE").title == "Less"


def test_an_operator_adds_a_plan(client: Client) -> None:
    client.force_login(OperatorFactory.create())
    fields = {"sku": "EXTRA", "name": "Extra", "service_plans": ["RMS_S_PREMIUM2"]}
    client.post(reverse("admin:subscriptions_plan_add"), fields)
    assert AuditEvent.objects.get(action="plan.created").details["service_plans"] == [
        "RMS_S_PREMIUM2"
    ]
    user = with_unit(subscribed("EXTRA"))
    assert allowed(user) == FREE | {Capability.AUTOMATIC_PROTECTION}
    assert AssignedLicence.objects.count() == 1


def test_a_plan_does_not_become_free_under_those_who_have_it(client: Client) -> None:
    client.force_login(OperatorFactory.create())
    page = reverse("admin:subscriptions_plan_change", args=("ENTERPRISEPACK",))
    client.post(page, {"name": "Office", "is_free": "on", "service_plans": []})
    assert Plan.objects.values_list("name", "is_free").get(sku="ENTERPRISEPACK") == (
        "Office",
        False,
    )
