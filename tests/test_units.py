"""Units: by hand, after signing in, by group; never more than were bought; and a line that nobody overtakes."""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)

from audit.exceptions import Refusal
from audit.models import AuditEvent
from outbox.models import OutboxMail
from subscriptions.capabilities import ask
from subscriptions.flows import policy, units
from subscriptions.flows.convert import convert_subscription
from subscriptions.models import AssignedLicence, Capability, Plan, Subscription, UnitWait
from tenants.exceptions import NotAllowed
from tenants.flows import states
from tenants.models import Group, GroupMembership, GroupNesting, Tenant, User
from tenants.models.group import key_of
from tenants.takeover.exceptions import OperatorsOnly
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.test_commands import refusal, run
from tests.walk import ClientVisitor, sign_in

pytestmark = pytest.mark.django_db
OFFICE = "ENTERPRISEPACK"


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="walkers.com")


def subscribed(tenant: Tenant, units: int, **fields: object) -> Subscription:
    subscription: Subscription = SubscriptionFactory.create(tenant=tenant, units=units, **fields)
    return subscription


def people(tenant: Tenant, number: int) -> list[User]:
    return UserFactory.create_batch(number, tenant=tenant, last_login=timezone.now())


def group_of(tenant: Tenant, name: str) -> Group:
    return Group.objects.create(tenant=tenant, name=name, name_key=key_of(name))


def signs_in(user: User) -> None:
    sign_in(ClientVisitor(Client()), str(user.email))


def holders() -> set[User]:
    return {unit.user for unit in AssignedLicence.objects.select_related("user")}


def line() -> list[User]:
    return [wait.user for wait in UnitWait.objects.select_related("user")]


def test_a_unit_is_assigned_and_taken_by_hand(tenant: Tenant) -> None:
    subscribed(tenant, 1, assignment="manual")
    first, second = people(tenant, 2)
    words = ("assign_licence", str(first.email), "--plan", OFFICE)
    assert run(*words, "--dry-run")["assigned"] is True
    assert holders() == set()
    assert run(*words)["assigned"] is True
    assert run(*words)["assigned"] is True
    assert holders() == {first}
    assert AuditEvent.objects.filter(action="licence.assigned").count() == 1
    sentence = refusal("assign_licence", str(second.email), "--plan", OFFICE)
    assert "All units of ENTERPRISEPACK are assigned. Take one away" in sentence
    assert run("remove_licence", str(first.email), "--plan", OFFICE)["assigned"] is False
    assert holders() == set()
    assert "has no unit" in refusal("remove_licence", str(first.email), "--plan", OFFICE)
    assert "no subscription to AIP_PREMIUM_P1" in refusal(
        "assign_licence", str(first.email), "--plan", "AIP_PREMIUM_P1"
    )


def test_by_hand_nobody_gets_one_by_signing_in(tenant: Tenant) -> None:
    subscribed(tenant, 5, assignment="manual")
    (user,) = people(tenant, 1)
    signs_in(user)
    assert (holders(), line()) == (set(), [])


def test_what_was_taken_away_does_not_come_back_by_signing_in(tenant: Tenant) -> None:
    subscribed(tenant, 5)
    (user,) = people(tenant, 1)
    signs_in(user)
    run("remove_licence", str(user.email), "--plan", OFFICE)
    signs_in(user)
    assert holders() == set()
    run("assign_licence", str(user.email), "--plan", OFFICE)
    assert holders() == {user}


def test_whoever_finds_none_waits_and_is_told_when_one_is_free(tenant: Tenant) -> None:
    subscribed(tenant, 1)
    first, second, third = people(tenant, 3)
    for user in (first, second, third, second):
        signs_in(user)
    assert (holders(), line()) == ({first}, [second, third])
    assert [row["email"] for row in run("list_waits", "walkers.com")] == [
        second.email,
        third.email,
    ]
    assert run("list_subscriptions", "walkers.com")[0]["waiting"] == 2
    run("remove_licence", str(first.email), "--plan", OFFICE)
    assert (holders(), line()) == ({second}, [third])
    mail = LocalInbox().mails_to(str(second.email))[-1]
    assert mail.subject == "You have Office plan with rights management now"
    assert OutboxMail.objects.filter(kind="subscriptions.unit_free").count() == 1
    assert ask(second, Capability.CUSTOM_TEMPLATES).allowed


def test_more_units_serve_the_line_in_its_order(tenant: Tenant) -> None:
    subscribed(tenant, 1)
    users = people(tenant, 4)
    for user in users:
        signs_in(user)
    run("convert_subscription", "walkers.com", "--plan", OFFICE, "--units", "3")
    assert holders() == set(users[:3])
    assert line() == [users[3]]


@pytest.mark.parametrize("shut", [states.delete, states.close])
def test_whoever_leaves_passes_the_unit_on(tenant: Tenant, shut: Callable[..., object]) -> None:
    subscribed(tenant, 1)
    first, second, third = people(tenant, 3)
    for user in (first, second, third):
        signs_in(user)
    User.objects.filter(pk=second.pk).update(state=User.State.DISABLED)
    shut(user=User.objects.get(pk=first.pk), acting_user=None)
    assert holders() == {third}
    assert line() == [second]


def test_a_place_in_the_line_can_be_asked_for_and_given_up(tenant: Tenant) -> None:
    subscribed(tenant, 1, assignment="manual")
    first, second = people(tenant, 2)
    run("assign_licence", str(first.email), "--plan", OFFICE)
    words = ("assign_licence", str(second.email), "--plan", OFFICE, "--wait")
    assert run(*words)["waiting"] is True
    run("remove_licence", str(second.email), "--plan", OFFICE)
    assert line() == []


def test_a_plan_that_has_ended_serves_nobody(tenant: Tenant) -> None:
    subscription = subscribed(tenant, 1)
    first, second = people(tenant, 2)
    for user in (first, second):
        signs_in(user)
    long_ago = timezone.now() - dt.timedelta(days=31)
    Subscription.objects.filter(pk=subscription.pk).update(started_at=long_ago, ends_at=long_ago)
    run("remove_licence", str(first.email), "--plan", OFFICE)
    assert holders() == set()
    assert "no subscription" in refusal("assign_licence", str(first.email), "--plan", OFFICE)


def test_units_follow_groups(tenant: Tenant) -> None:
    subscription = subscribed(tenant, 2)
    outer, inner = group_of(tenant, "Everybody"), group_of(tenant, "Sales")
    GroupNesting.objects.create(outer=outer, inner=inner)
    first, second, third, outsider = people(tenant, 4)
    for user in (first, second, third):
        GroupMembership.objects.create(group=inner, user=user)
    words = ("set_assignment", "walkers.com", "--plan", OFFICE, "--policy", "group")
    assert "at least one group" in refusal(*words)
    run(*words, "--group", "everybody")
    assert len(holders()) == 2
    assert len(line()) == 1
    signs_in(outsider)
    assert outsider not in [*holders(), *line()]
    gone, waiting = next(iter(holders())), line()[0]
    GroupMembership.objects.get(group=inner, user=gone).delete()
    policy.follow_all_groups()
    assert gone not in holders()
    assert waiting in holders()
    before = AuditEvent.objects.count()
    policy.follow_groups(subscription=subscription, acting_user=None)
    assert AuditEvent.objects.count() == before


def test_a_unit_by_hand_stays_whatever_the_groups_say(tenant: Tenant) -> None:
    subscribed(tenant, 2, assignment="manual")
    (user,) = people(tenant, 1)
    run("assign_licence", str(user.email), "--plan", OFFICE)
    group_of(tenant, "Sales")
    words = ("set_assignment", "walkers.com", "--plan", OFFICE, "--policy", "group")
    run(*words, "--group", "Sales")
    assert holders() == {user}


def test_administrators_decide_in_their_own_organisation_only(tenant: Tenant) -> None:
    subscribed(tenant, 2, assignment="manual")
    (user,) = people(tenant, 1)
    plan = Plan.objects.get(sku=OFFICE)
    Tenant.objects.update(state=Tenant.State.MANAGED)
    own = UserFactory.create(tenant=tenant, role="administrator")
    elsewhere = TenantFactory.create(state=Tenant.State.MANAGED)
    other = UserFactory.create(tenant=elsewhere, role="administrator")
    for actor in (user, other):
        with pytest.raises(NotAllowed):
            units.assign(user=user, plan=plan, acting_user=actor)
    user = User.objects.get(pk=user.pk)
    units.assign(user=user, plan=plan, acting_user=User.objects.get(pk=own.pk))
    assert holders() == {user}
    for actor in (user, own):
        with pytest.raises(OperatorsOnly):
            convert_subscription(tenant=tenant, plan=plan, units=9, acting_user=actor)
    convert_subscription(tenant=tenant, plan=plan, units=9, acting_user=OperatorFactory.create())


class UnitsInAnyOrder(RuleBasedStateMachine):
    """Whatever is done in whatever order: never more than bought, never a free unit while somebody waits."""

    def __init__(self) -> None:
        super().__init__()
        self._rows = transaction.atomic()
        self._rows.__enter__()
        self.tenant = TenantFactory.create()
        self.plan = Plan.objects.get(sku=OFFICE)
        self.subscription = subscribed(self.tenant, 2)
        self.people = people(self.tenant, 6)

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._rows.__exit__(None, None, None)

    def _try(self, step: Callable[..., object], **fields: object) -> None:
        with contextlib.suppress(Refusal):
            step(acting_user=None, **fields)

    @rule(who=st.integers(0, 5))
    def sign_in(self, who: int) -> None:
        units.assign_after_sign_in(User.objects.get(pk=self.people[who].pk))

    @rule(who=st.integers(0, 5), may_wait=st.booleans())
    def assign(self, who: int, may_wait: bool) -> None:
        user = User.objects.get(pk=self.people[who].pk)
        self._try(units.assign, user=user, plan=self.plan, may_wait=may_wait)

    @rule(who=st.integers(0, 5))
    def remove(self, who: int) -> None:
        self._try(units.remove, user=self.people[who], plan=self.plan)

    @rule(number=st.integers(1, 6))
    def change_units(self, number: int) -> None:
        self._try(convert_subscription, tenant=self.tenant, plan=self.plan, units=number)

    @rule(who=st.integers(0, 5))
    def leave(self, who: int) -> None:
        units.free_units(user=self.people[who], acting_user=None)

    @invariant()
    def holds(self) -> None:
        subscription = Subscription.objects.get(pk=self.subscription.pk)
        used, waiting = subscription.assigned_licences.count(), subscription.waits.count()
        assert subscription.units is not None
        assert used <= subscription.units
        assert not waiting or used == subscription.units
        assert not set(holders()) & set(line())


def test_units_in_any_order() -> None:
    run_state_machine_as_test(
        UnitsInAnyOrder,
        settings=settings(
            max_examples=20,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_who_waited_by_another_policy_waits_no_more(tenant: Tenant) -> None:
    """Else units that are bought later would go to people whom nobody chose."""
    row = subscribed(tenant, 1)
    first, second, third, chosen = people(tenant, 4)
    for user in (first, second, third):
        signs_in(user)
    run("assign_licence", str(chosen.email), "--plan", OFFICE, "--wait")
    group = group_of(tenant, "Sales")
    GroupMembership.objects.create(group=group, user=third)
    run("set_assignment", "walkers.com", "--plan", OFFICE, "--policy", "group", "--group", "Sales")
    assert line() == [third, chosen]
    run("set_assignment", "walkers.com", "--plan", OFFICE, "--policy", "manual")
    assert line() == [chosen]
    convert_subscription(tenant=tenant, plan=row.plan, units=4, acting_user=None)
    assert holders() == {first, chosen}


def test_a_role_mailbox_that_nobody_admitted_gets_no_unit_that_was_bought(tenant: Tenant) -> None:
    subscribed(tenant, 5)
    support = UserFactory.create(tenant=tenant, admission=User.Admission.AWAITED)
    signs_in(support)
    assert (holders(), line()) == (set(), [])
    run("admit_user", str(support.email))
    signs_in(support)
    assert holders() == {support}


def test_who_is_disabled_keeps_the_unit_of_a_group_until_they_come_back(tenant: Tenant) -> None:
    subscribed(tenant, 5)
    first, second = people(tenant, 2)
    group = group_of(tenant, "Sales")
    for user in (first, second):
        GroupMembership.objects.create(group=group, user=user)
    run("set_assignment", "walkers.com", "--plan", OFFICE, "--policy", "group", "--group", "Sales")
    run("disable_user", str(first.email))
    policy.follow_all_groups()
    assert holders() == {first, second}
    GroupMembership.objects.all().delete()
    policy.follow_all_groups()
    assert holders() == {first}
    run("restore_user", str(first.email))
    policy.follow_all_groups()
    assert holders() == set()
