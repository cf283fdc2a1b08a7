"""Any order of taking over, giving back, handing over, stopping, releasing, purging and joining: what must always hold."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from audit.exceptions import Refusal
from subscriptions.models import AssignedLicence, Subscription
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.flows import domains, give_back, hand_over, oversee, purge, release, take_over
from tenants.models import (
    Address,
    Domain,
    DomainProof,
    Group,
    GroupMembership,
    Takeover,
    Tenant,
    User,
)
from tenants.selectors import administrators_of
from tests.factories import GroupFactory, SubscriptionFactory, UserFactory
from tests.left_behind import assert_administrators_see_what_they_may, signed_up
from tests.takeovers import holder, lost, proven, unmanaged

BOUGHT = (3, 2)
NAMES = ("one.com", "two.com", "sub.one.com", "second.com")
EXTRA = "extra.com"
names = st.sampled_from([*NAMES, EXTRA])
numbers = st.integers(0, 5)
seen: Counter[str] = Counter()
kinds_seen: set[str] = set()


class Directories(RuleBasedStateMachine):
    """Four organisations and what people and operators may do to them."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.travel = time_machine.travel(timezone.now())
        self.clock = self.travel.start()
        self.passwords: dict[Any, str] = {}

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)
        self.travel.stop()

    @initialize()
    def begin(self) -> None:
        for name in NAMES:
            tenant = unmanaged(name, people=2)
            free = ensure_free_subscription(tenant=tenant, acting_user=None)
            for user in tenant.users.all():
                assign_unit(subscription=free, user=user, acting_user=None)
            group = GroupFactory.create(tenant=tenant, name="All", name_key="all")
            group.memberships.create(user=tenant.users.all()[0])
        for name, units in zip(NAMES, BOUGHT, strict=False):
            SubscriptionFactory.create(tenant=holder(name), units=units)
        # One of them has two domains.
        second = holder("second.com")
        Domain.objects.create(name=EXTRA, tenant=second)
        UserFactory.create(tenant=second, email=f"person@{EXTRA}")
        for user in User.objects.all():
            signed_up(user, str(user.email).rpartition("@")[2])
        # People of either domain who signed up at the other one.
        for user in second.users.all():
            signed_up(user, EXTRA if str(user.email).endswith("second.com") else "second.com")
        self.passwords = dict(User.objects.values_list("pk", "password"))

    def tried(self, work: Callable[[], object]) -> None:
        """Whether it may be or not: what it leaves behind is looked at by the invariants."""
        try:
            work()
        except Refusal as refusal:
            seen[type(refusal).__name__] += 1
        else:
            seen["done"] += 1

    def somebody(self, name: str, number: int) -> User | None:
        people = User.objects.filter(tenant=holder(name), state="active").order_by("created_at")
        return people[number % len(people)] if people else None

    @rule(name=names, number=numbers)
    def govern(self, name: str, number: int) -> None:
        """Somebody proves all domains of their organisation."""
        self.proved_by_somebody(name, number)

    def proved_by_somebody(self, name: str, number: int) -> None:
        person = self.somebody(name, number)
        for domain in holder(name).domains.all():
            if person:
                self.tried(partial(proven, person, domain.name))

    @rule(name=names, by=names)
    def take(self, name: str, by: str) -> None:
        """With a proof of the domain, or of one above it."""
        target = holder(by)
        for administrator in administrators_of(target)[:1]:
            if name != "sub.one.com" or target != holder("one.com"):
                self.tried(partial(proven, administrator, name))
        self.tried(lambda: take_over.take_over(domain_name=name, target=target, acting_user=None))

    @rule(name=names)
    def undo(self, name: str) -> None:
        self.tried(lambda: give_back.undo(domain_name=name, acting_user=None))

    @rule(name=names)
    def stop(self, name: str) -> None:
        self.tried(lambda: oversee.stop(domain_name=name, reason="Why not.", acting_user=None))

    @rule(name=names, to=names)
    def hand(self, name: str, to: str) -> None:
        """Between two that are governed: each is tried before, so that enough of the rest is."""
        for one in (name, to):
            self.proved_by_somebody(one, 0)
        source, target = holder(name), holder(to)
        self.tried(
            lambda: hand_over.offer(domain_name=name, tenant=source, to=target, acting_user=None)
        )
        self.tried(lambda: hand_over.accept(domain_name=name, tenant=target, acting_user=None))

    @rule(name=names, to=names)
    def release(self, name: str, to: str) -> None:
        """The proof is lost, another organisation proves the domain, and an operator gives it to them."""
        own = DomainProof.objects.filter(domain_name=name, state="proven", tenant=holder(name))
        for proof in own:
            lost(proof, days=31)
        for administrator in administrators_of(holder(to))[:1]:
            self.tried(partial(proven, administrator, name))
        self.tried(lambda: release.release(domain_name=name, reason="Sold.", acting_user=None))

    @rule(name=names)
    def drop(self, name: str) -> None:
        """Refused: somebody has an address in it, but where it was released."""
        tenant = holder(name)
        if Address.objects.filter(domain__name=name).exists():
            self.tried(lambda: domains.remove(domain_name=name, tenant=tenant, acting_user=None))
            assert holder(name) == tenant

    @rule(name=names, by=names)
    def remove(self, name: str, by: str) -> None:
        """Where nobody has an address in it any more; another organisation proves it, and has it from then on."""
        tenant = holder(name)
        if Address.objects.filter(domain__name=name).exists():
            return
        self.tried(lambda: domains.remove(domain_name=name, tenant=tenant, acting_user=None))
        assert_administrators_see_what_they_may()
        taker = holder(by) if Domain.objects.filter(name=by).exists() else tenant
        for administrator in [*administrators_of(taker), *administrators_of(tenant)]:
            if not Domain.objects.filter(name=name).exists():
                self.tried(partial(proven, administrator, name))
        if not Domain.objects.filter(name=name).exists():
            Domain.objects.create(name=name, tenant=tenant)

    @rule(name=names, days=st.integers(1, 40))
    def wait(self, name: str, days: int) -> None:
        self.clock.shift(dt.timedelta(days=days))
        purge.purge()

    @rule(name=names, number=numbers)
    def join(self, name: str, number: int) -> None:
        address = f"joined{User.objects.count()}@{name}"
        user = UserFactory.create(tenant=holder(name), email=address, password="!")
        self.passwords[user.pk] = "!"
        signed_up(user, name)
        live = Subscription.objects.filter(tenant=holder(name), cancelled_at__isnull=True)
        for subscription in live:
            self.tried(partial(assign_unit, subscription=subscription, user=user, acting_user=None))
        for group in Group.objects.filter(tenant=holder(name))[:number]:
            group.memberships.create(user=user)

    # --- What must always hold ---------------------------------------------------------------------

    @invariant()
    def remember_what_was_done(self) -> None:
        kinds_seen.update(Takeover.objects.filter(state="done").values_list("kind", flat=True))

    @invariant()
    def every_address_lies_in_a_domain_of_its_holders_organisation(self) -> None:
        held = Address.objects.filter(user__isnull=False)
        assert not held.exclude(user__tenant=F("domain__tenant")).exists()
        unproven = Address.objects.filter(proven_at__isnull=True, domain__state="unverified")
        assert not unproven.exists()

    @invariant()
    def whoever_is_in_a_group_or_holds_a_unit_is_in_its_organisation(self) -> None:
        assert not GroupMembership.objects.exclude(user__tenant=F("group__tenant")).exists()
        units = AssignedLicence.objects.filter(subscription__cancelled_at__isnull=True)
        assert not units.exclude(user__tenant=F("subscription__tenant")).exists()

    @invariant()
    def administrators_read_of_sign_ups_as_by_a_look_at_each_account(self) -> None:
        assert_administrators_see_what_they_may()

    @invariant()
    def never_more_units_than_there_are(self) -> None:
        bought = Subscription.objects.filter(units__isnull=False).annotate(
            used=Count("assigned_licences")
        )
        assert not bought.filter(used__gt=F("units")).exists()

    @invariant()
    def never_more_units_than_were_bought_by_all_together(self) -> None:
        """Whatever goes there and back: no units are made by it, and nobody keeps another's."""
        live = Subscription.objects.filter(units__isnull=False, cancelled_at__isnull=True)
        assert sum(row.units or 0 for row in live) <= sum(BOUGHT)

    @invariant()
    def a_managed_organisation_has_an_administrator_and_another_has_none(self) -> None:
        for tenant in Tenant.objects.all():
            is_managed = tenant.state == Tenant.State.MANAGED
            assert administrators_of(tenant).exists() is is_managed, tenant

    @invariant()
    def nobody_is_lost_and_nobody_has_another_password(self) -> None:
        assert dict(User.objects.values_list("pk", "password")) == self.passwords

    @invariant()
    def a_proven_domain_is_verified_and_no_two_hold_one(self) -> None:
        for domain in Domain.objects.all():
            own = DomainProof.objects.filter(
                domain_name=domain.name, tenant=domain.tenant, state="proven"
            )
            assert domain.state == "verified" or not own.exists(), domain


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [15, pytest.param(150, marks=pytest.mark.long)])
def test_takeovers_in_any_order(examples: int) -> None:
    run_state_machine_as_test(
        Directories,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            # Making a failure shorter takes minutes, and its steps can be read as they are.
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
    if examples > 100:  # so many come to every kind of takeover
        assert kinds_seen == set(Takeover.Kind.values)
