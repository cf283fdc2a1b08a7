"""Free, paid, free again: same accounts, same units, same sessions, and only what is meant to change changes."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from feed.models import Delivery, Event, FeedHead
from outbox.models import OutboxMail
from subscriptions.capabilities import ask, ask_all
from subscriptions.flows.cancel import cancel_subscription
from subscriptions.flows.convert import convert_subscription
from subscriptions.flows.preview import preview
from subscriptions.following import followers
from subscriptions.ladder import end_of_day
from subscriptions.models import (
    FREE_PLAN,
    OF_THE_ORGANISATION,
    AssignedLicence,
    Capability,
    Plan,
    Subscription,
)
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.models import Group, GroupMembership, Tenant, User
from tenants.takeover.registry import belongings
from tests.factories import TenantFactory, UserFactory
from tests.test_capabilities import FREE, OFFICE, P1, P2
from tests.test_commands import refusal, run
from tests.walk import ClientVisitor, sign_in

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)
PAIRS = 10_000
TABLE = {"ENTERPRISEPACK": OFFICE, "AIP_PREMIUM_P1": P1, "AIP_PREMIUM_P2": P2}


def plan(sku: str) -> Plan:
    return Plan.objects.get(sku=sku)


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="walkers.com")


def member(tenant: Tenant, *, is_free: bool = True) -> User:
    user: User = UserFactory.create(tenant=tenant)
    if is_free:
        free = ensure_free_subscription(tenant=tenant, acting_user=None)
        assign_unit(subscription=free, user=user, acting_user=None)
    return user


def differences(rows: list[dict[str, object]]) -> dict[str, tuple[object, object]]:
    return {str(row["capability"]): (row["people_before"], row["people_after"]) for row in rows}


# --- The round trip --------------------------------------------------------------------------------


# What a conversion is about, and its log and its news.
NEWS = {AuditEvent, Event, FeedHead, Delivery}
OF_PLANS = NEWS | {model for follower in followers() for model in follower.models}


def kept_of(tenant: Tenant) -> dict[str, list[str]]:
    """What a conversion leaves alone: whatever hangs on a tenant in any room, but what is of plans, and sessions."""
    hanging = {model for belonging in belongings() for model in belonging.models} - OF_PLANS
    assert User in hanging
    kept = {
        model._meta.label: sorted(map(str, model._default_manager.values_list()))
        for model in hanging | {Session}
    }
    free = AssignedLicence.objects.filter(subscription__plan_id=FREE_PLAN)
    return kept | {"free units": sorted(map(str, free.values_list("pk", "user_id", "assigned_at")))}


def test_free_to_paid_to_free_keeps_everything_and_mails_nobody(tenant: Tenant) -> None:
    people = [member(tenant) for _ in range(3)]
    group = Group.objects.create(tenant=tenant, name="Sales", name_key="sales")
    GroupMembership.objects.create(group=group, user=people[0])
    browser = Client()
    sign_in(ClientVisitor(browser), str(people[0].email))
    mails = OutboxMail.objects.count()
    before = kept_of(tenant)
    words = ("convert_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1")
    run(*words, "--units", "2", "--trial", "30")
    run(*words, "--units", "3")
    run(
        "convert_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P2", "--instead-of", words[-1]
    )
    run("cancel_subscription", "walkers.com")
    assert kept_of(tenant) == before
    assert OutboxMail.objects.count() == mails
    assert browser.get("/account/").status_code == 200
    assert {row["state"] for row in run("list_subscriptions", "walkers.com")} == {
        "active",
        "cancelled",
    }


@dataclass
class Person:
    """What a person is to have, kept apart from the product's own reckoning."""

    user: User
    tenant: Tenant
    is_free: bool
    units: set[str] = field(default_factory=set)


@dataclass
class Organisation:
    tenant: Tenant
    plans: set[str] = field(default_factory=set)


def intended(person: Person, organisation: Organisation) -> set[Capability]:
    has = {Capability.READ}
    if organisation.plans or person.is_free or person.units:
        has |= FREE
    for sku in organisation.plans:
        has |= TABLE[sku] & OF_THE_ORGANISATION
        if sku in person.units:
            has |= TABLE[sku]
    return has


def test_of_10_000_random_answers_only_those_change_that_are_meant_to(tenant: Tenant) -> None:
    chance = random.Random(5)  # noqa: S311 -- the same every time
    organisations = [Organisation(TenantFactory.create()) for _ in range(12)]
    people = [
        Person(member(one.tenant, is_free=is_free), one.tenant, is_free)
        for one in organisations
        for is_free in (True, True, False)
        for _ in range(3)
    ]
    of = {one.tenant.pk: one for one in organisations}
    asked = 0
    while asked < PAIRS:
        for one in organisations:
            change_at_random(one, [p for p in people if p.tenant == one.tenant], chance)
        for person in people:
            meant = intended(person, of[person.tenant.pk])
            answers = {c for c, answer in ask_all(person.user).items() if answer.allowed}
            assert answers == meant, (person, of[person.tenant.pk])
            asked += len(Capability)
    assert asked >= PAIRS


def change_at_random(one: Organisation, people: list[Person], chance: random.Random) -> None:
    sku = chance.choice(sorted(TABLE))
    match chance.choice(("convert", "convert", "assign", "assign", "cancel", "replace")):
        case "convert":
            convert_subscription(
                tenant=one.tenant, plan=plan(sku), units=len(people), acting_user=None
            )
            if sku not in one.plans:
                # A new subscription: the units of an ended one are of no use in it.
                for person in people:
                    person.is_free |= sku in person.units
                    person.units.discard(sku)
            one.plans.add(sku)
        case "assign" if one.plans:
            sku, person = chance.choice(sorted(one.plans)), chance.choice(people)
            row = Subscription.objects.get(
                tenant=one.tenant, plan_id=sku, cancelled_at__isnull=True
            )
            assign_unit(subscription=row, user=person.user, acting_user=None)
            person.units.add(sku)
        case "cancel" if one.plans:
            sku = chance.choice(sorted(one.plans))
            cancel_subscription(tenant=one.tenant, plan=plan(sku), acting_user=None)
            one.plans.remove(sku)
            if not one.plans:
                # Who had none of their own falls back with a free unit.
                for person in people:
                    person.is_free = True
        case "replace" if one.plans and sku not in one.plans:
            before = chance.choice(sorted(one.plans))
            convert_subscription(
                tenant=one.tenant, plan=plan(sku), instead_of=plan(before), acting_user=None
            )
            one.plans = one.plans - {before} | {sku}
            for person in people:
                person.is_free |= sku in person.units
                person.units.discard(sku)
                if before in person.units:
                    person.units = person.units - {before} | {sku}


# --- What a change would do ------------------------------------------------------------------------


def test_a_dry_run_says_who_gains_and_loses_what_and_changes_nothing(tenant: Tenant) -> None:
    for _ in range(3):
        member(tenant)
    member(tenant, is_free=False)
    words = ("convert_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1", "--units", "5")
    told = differences(run(*words, "--dry-run")["changes"])
    assert told == {
        "protect": (3, 4),
        "default_templates": (3, 4),
        "super_users": (0, 4),
        "usage_log": (0, 4),
        "mail_gateway": (0, 4),
        "library_gateway": (0, 4),
        "byok": (0, 4),
    }
    assert not Subscription.objects.filter(plan_id="AIP_PREMIUM_P1").exists()
    assert not AuditEvent.objects.filter(action="subscription.changed").exists()


def test_the_preview_of_a_cancellation_names_what_goes(tenant: Tenant) -> None:
    first = member(tenant)
    member(tenant, is_free=False)
    run("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--units", "5")
    run("assign_licence", str(first.email), "--plan", "ENTERPRISEPACK")
    changes = run("cancel_subscription", "walkers.com", "--dry-run")["changes"]
    lost = differences(changes)
    (templates,) = [row for row in changes if row["capability"] == "custom_templates"]
    assert (templates["gaining"], templates["losing"]) == ([], [first.email])
    assert lost["custom_templates"] == (1, 0)
    assert lost["usage_log"] == (2, 0)
    # What the free plan gives goes on, also for who never had a unit of it.
    assert "protect" not in lost
    assert "read" not in lost
    assert run("list_subscriptions", "walkers.com")[0]["state"] == "active"


def test_a_preview_counts_as_the_question_answers(tenant: Tenant) -> None:
    people = [member(tenant, is_free=bool(number % 2)) for number in range(6)]
    row = convert_subscription(
        tenant=tenant, plan=plan("AIP_PREMIUM_P2"), units=3, acting_user=None
    )
    for user in people[:2]:
        assign_unit(subscription=row, user=user, acting_user=None)

    def counted() -> dict[Capability, int]:
        return {c: sum(ask(user, c).allowed for user in people) for c in Capability}

    def cancel() -> object:
        return cancel_subscription(tenant=tenant, plan=plan("AIP_PREMIUM_P2"), acting_user=None)

    before, told = counted(), preview(tenant, cancel)
    assert counted() == before
    cancel()
    after = counted()
    changed = {c: (before[c], after[c]) for c in Capability if before[c] != after[c]}
    assert {one.capability: (one.before, one.after) for one in told.differences} == changed


# --- Steps of the ladder ---------------------------------------------------------------------------


def test_an_upgrade_takes_the_units_and_dates_along(tenant: Tenant) -> None:
    user = member(tenant)
    words = ("convert_subscription", "walkers.com", "--plan")
    run(*words, "ENTERPRISEPACK", "--units", "4", "--until", "2099-12-31")
    run("assign_licence", str(user.email), "--plan", "ENTERPRISEPACK")
    up = run(*words, "AIP_PREMIUM_P2", "--instead-of", "ENTERPRISEPACK")
    assert (up["plan"], up["units"], up["used"]) == ("AIP_PREMIUM_P2", 4, 1)
    assert up["ends_at"] == "2100-01-01T00:00:00Z"
    assert differences(up["changes"])["track_and_revoke"] == (0, 1)
    down = run(*words, "ENTERPRISEPACK", "--instead-of", "AIP_PREMIUM_P2", "--units", "2")
    assert (down["units"], differences(down["changes"])["byok"]) == (2, (1, 0))
    assert AuditEvent.objects.filter(action="subscription.plan_changed").count() == 2
    assert "already" in refusal(*words, "ENTERPRISEPACK", "--instead-of", "ENTERPRISEPACK")
    assert "no subscription" in refusal(*words, "AIP_PREMIUM_P1", "--instead-of", "AIP_PREMIUM_P2")
    assert "is free" in refusal(*words, "ENTERPRISEPACK", "--instead-of", FREE_PLAN)
    assert "is free" in refusal(*words, FREE_PLAN, "--units", "3")
    assert "2 units" not in refusal(*words, "ENTERPRISEPACK", "--until", "2020-01-01")
    assert "write it as" in refusal(*words, "ENTERPRISEPACK", "--until", "soon")


def test_cancelled_at_its_end_it_goes_on_until_then(tenant: Tenant) -> None:
    user = member(tenant)
    words = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
    run(*words, "--units", "4")
    assert "has no end" in refusal("cancel_subscription", "walkers.com", "--at-end")
    last = timezone.now().date() + 10 * DAY
    run(*words, "--until", last.isoformat())
    run("assign_licence", str(user.email), "--plan", "ENTERPRISEPACK")
    cancelled = run("cancel_subscription", "walkers.com", "--at-end")
    assert (cancelled["state"], cancelled["cancels_at_end"]) == ("active", True)
    end = end_of_day(last)
    assert ask(user, Capability.CUSTOM_TEMPLATES, now=end - dt.timedelta(seconds=1)).allowed
    assert not ask(user, Capability.CUSTOM_TEMPLATES, now=end).allowed
    renewed = run("renew_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--months", "1")
    assert renewed["cancels_at_end"] is False


def test_renewed_in_grace_it_goes_on_from_its_end_and_later_from_now(tenant: Tenant) -> None:
    words = ("renew_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--months", "12")
    assert "no subscription" in refusal(*words)
    with time_machine.travel(dt.datetime(2028, 2, 1, tzinfo=dt.UTC), tick=False) as clock:
        convert = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
        run(*convert, "--units", "1", "--until", "2028-02-28")
        clock.move_to(dt.datetime(2028, 3, 10, tzinfo=dt.UTC))
        assert run("list_subscriptions")[0]["state"] == "grace"
        # The day after the 28th is the 29th, of which the next year has none.
        assert run(*words)["ends_at"] == "2029-02-28T00:00:00Z"
        clock.move_to(dt.datetime(2029, 6, 1, tzinfo=dt.UTC))
        assert run("list_subscriptions")[0]["state"] == "suspended"
        assert run(*words)["ends_at"] == "2030-06-01T00:00:00Z"


def test_a_plan_that_has_ended_can_be_had_again(tenant: Tenant) -> None:
    words = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
    run(*words, "--units", "1")
    run("cancel_subscription", "walkers.com")
    assert "0 paid plans" in refusal("cancel_subscription", "walkers.com")
    assert run(*words, "--units", "2")["state"] == "active"
    run("convert_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1", "--units", "1")
    assert "2 paid plans" in refusal("cancel_subscription", "walkers.com")


def test_renewing_and_cancelling_at_the_end_say_who_gains_and_loses(tenant: Tenant) -> None:
    user = member(tenant)
    convert = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
    last = timezone.now().date() + 10 * DAY
    given = run(*convert, "--units", "1", "--until", last.isoformat())
    assert given["consequences"] == ["Whoever has or gets a unit gains: custom templates."]
    run("assign_licence", str(user.email), "--plan", "ENTERPRISEPACK")
    lost = run("cancel_subscription", "walkers.com", "--at-end", "--dry-run")
    assert [
        row["losing"] for row in lost["changes"] if row["capability"] == "custom_templates"
    ] == [[str(user.email)]]
    assert lost["state"] == "active"
    with time_machine.travel(timezone.now() + 60 * DAY, tick=False):
        renewed = run(
            "renew_subscription", "walkers.com", "--plan", "ENTERPRISEPACK", "--months", "1"
        )
        assert {row["capability"]: row["gaining"] for row in renewed["changes"]}[
            "custom_templates"
        ] == [str(user.email)]


def test_other_units_leave_the_end_as_it_is(tenant: Tenant) -> None:
    words = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
    end = run(*words, "--units", "4", "--until", "2099-12-31")["ends_at"]
    run("cancel_subscription", "walkers.com", "--at-end")
    more = run(*words, "--units", "9")
    assert (more["units"], more["ends_at"], more["cancels_at_end"]) == (9, end, True)
    assert run(*words, "--until", "2098-12-31")["ends_at"] < end
    assert run(*words, "--no-end")["ends_at"] is None
    with pytest.raises(CommandError, match="not allowed with"):
        run(*words, "--no-end", "--until", "2098-12-31")


def test_what_has_ended_is_had_again_without_end_unless_one_is_named(tenant: Tenant) -> None:
    words = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
    with time_machine.travel(dt.datetime(2028, 2, 1, tzinfo=dt.UTC), tick=False) as clock:
        run(*words, "--units", "4", "--until", "2028-02-28")
        clock.move_to(dt.datetime(2028, 3, 10, tzinfo=dt.UTC))
        again = run(*words, "--units", "5")
        assert (again["state"], again["ends_at"]) == ("active", None)
