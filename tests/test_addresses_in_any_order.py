"""Whatever is done to accounts, aliases, groups and domains, in any order: every address lies in a domain of its own
tenant, verified unless the mailbox was proven, and belongs to one thing.

On SQLite nothing but these steps' own care holds the rule where tenants change, so a step that forgets it shows here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
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
from tenants import address_rule
from tenants.addresses import parse
from tenants.flows import addresses, domains, give_back, groups, hand_over, states, take_over
from tenants.flows.create import create
from tenants.flows.erase import erase_due, release
from tenants.flows.group_addresses import set_addresses
from tenants.models import Domain, Group, PendingErasure, Tenant, User
from tenants.services import create_email_verified_user, ensure_tenant
from tests.takeovers import managed, proven

FIRM, SHOP = ("firm.com", "firm.org"), ("shop.com", "shop.org")
CLUBS = ("club.com", "club.org")
typed = st.builds(
    lambda name, domain: parse(f"{name}@{domain}"),
    st.sampled_from(("anna", "ben", "all")),
    st.sampled_from((*FIRM, *SHOP, *CLUBS)),
)
names = st.sampled_from((*FIRM, *SHOP, *CLUBS))
some = st.integers(0, 30)
near = st.tuples(st.sampled_from(("anna", "ben", "all", "new")), some)
BROKEN = {
    "address": address_rule.BROKEN_ADDRESSES,
    "stored address": address_rule.EMAILS
    if connection.vendor == "postgresql"
    else address_rule.BROKEN_EMAILS.format(at="instr(u.email, '@')"),
    "membership": address_rule.BROKEN_MEMBERSHIPS,
    "nesting": address_rule.BROKEN_NESTINGS,
    "primary": """
        SELECT 1 FROM tenants_user u WHERE u.tenant_id IS NOT NULL AND u.email LIKE '%@%' AND NOT EXISTS (
            SELECT 1 FROM tenants_address a WHERE a.user_id = u.id AND a.is_primary AND a.address = u.email)
    """,
}


class AnyOrder(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self._rows = transaction.atomic()
        self._rows.__enter__()
        self.done: list[str] = []

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._rows.__exit__(None, None, None)

    @initialize()
    def two_organisations_and_two_that_nobody_administers(self) -> None:
        for first, second in (FIRM, SHOP):
            proven(managed(first), second)
        for name in CLUBS:
            self._sign_up(f"carl@{name}")
        for number in range(4):
            self.attempt(groups.create, tenant=self.tenant(number), name="Sales", acting_user=None)

    def attempt(self, what: Callable[..., Any], **how: Any) -> None:
        try:
            with transaction.atomic():
                what(**how)
        except Refusal:
            return
        self.done.append(what.__name__)

    def _sign_up(self, address: str) -> User:
        at = parse(address)
        domain, _ = ensure_tenant(domain_name=at.domain, acting_user=None)
        return create_email_verified_user(
            domain=domain,
            address=at,
            first_name="",
            last_name="",
            password_hash=make_password(None),
            language="en",
        )

    def user(self, number: int) -> User:
        people = list(User.objects.select_related("tenant").order_by("created_at", "pk"))
        return people[number % len(people)]

    def group(self, number: int) -> Group | None:
        made = list(Group.objects.select_related("tenant").order_by("created_at", "pk"))
        return made[number % len(made)] if made else None

    def tenant(self, number: int) -> Tenant:
        tenants = list(Tenant.objects.order_by("created_at", "pk"))
        return tenants[number % len(tenants)]

    @rule(address=typed)
    def somebody_signs_up(self, address: Any) -> None:
        self.attempt(self._sign_up, address=str(address))

    @rule(address=typed)
    def an_account_is_made(self, address: Any) -> None:
        words = {"first_name": "", "last_name": "", "language": "en"}
        self.attempt(create, address=address, acting_user=None, **words)

    def address_for(self, user: User, wanted: tuple[str, int]) -> Any:
        """An address in a domain of the user's own tenant, if it has one."""
        name, number = wanted
        held = list(Domain.objects.filter(tenant=user.tenant_id).order_by("name"))
        return parse(f"{name}@{held[number % len(held)].name if held else FIRM[0]}")

    @rule(number=some, wanted=near)
    def an_alias_is_added(self, number: int, wanted: tuple[str, int]) -> None:
        user = self.user(number)
        address = self.address_for(user, wanted)
        self.attempt(addresses.add_alias, user=user, address=address, acting_user=None)

    @rule(number=some, address=typed)
    def an_alias_is_added_anywhere(self, number: int, address: Any) -> None:
        user = self.user(number)
        self.attempt(addresses.add_alias, user=user, address=address, acting_user=None)

    @rule(number=some, wanted=near)
    def an_alias_is_removed(self, number: int, wanted: tuple[str, int]) -> None:
        user = self.user(number)
        address = self.address_for(user, wanted)
        self.attempt(addresses.remove_alias, user=user, address=address, acting_user=None)

    @rule(number=some, wanted=near, keep_old=st.booleans())
    def an_address_is_changed(self, number: int, wanted: tuple[str, int], keep_old: bool) -> None:
        user = self.user(number)
        who = {"user": user, "address": self.address_for(user, wanted), "keep_old": keep_old}
        self.attempt(addresses.change_address, acting_user=None, **who)

    @rule(number=some, wanted=near, keep_old=st.booleans())
    def somebody_changes_the_own_one(
        self, number: int, wanted: tuple[str, int], keep_old: bool
    ) -> None:
        user = self.user(number)
        who = {"user": user, "address": self.address_for(user, wanted), "keep_old": keep_old}
        self.attempt(addresses.change_to_proven, **who)

    @rule(
        number=some,
        what=st.sampled_from(
            (states.disable, states.delete, states.restore, states.close, release)
        ),
    )
    def an_account_changes_its_state(self, number: int, what: Callable[..., Any]) -> None:
        self.attempt(what, user=self.user(number), acting_user=None)

    @rule()
    def what_is_due_is_erased(self) -> None:
        PendingErasure.objects.update(due_at=timezone.now() - dt.timedelta(seconds=1))
        erase_due()

    @rule(number=some, name=st.sampled_from(("Sales", "Field", "All")))
    def a_group_is_made(self, number: int, name: str) -> None:
        self.attempt(groups.create, tenant=self.tenant(number), name=name, acting_user=None)

    @rule(number=some, chosen=st.lists(near, max_size=2))
    def a_group_gets_addresses(self, number: int, chosen: list[tuple[str, int]]) -> None:
        group = self.group(number)
        if group:
            boss = User(tenant_id=group.tenant_id)
            wanted = [self.address_for(boss, one) for one in chosen]
            self.attempt(set_addresses, group=group, addresses=wanted, acting_user=None)

    @rule(number=some, other=some)
    def somebody_joins_a_group(self, number: int, other: int) -> None:
        group = self.group(number)
        if group:
            self.attempt(groups.add_member, group=group, user=self.user(other), acting_user=None)

    @rule(number=some, other=some)
    def a_group_joins_a_group(self, number: int, other: int) -> None:
        outer, inner = self.group(number), self.group(other)
        if outer and inner:
            self.attempt(groups.add_group, outer=outer, inner=inner, acting_user=None)

    @rule(name=names, number=some)
    def a_domain_is_taken_over(self, name: str, number: int) -> None:
        target = self.tenant(number)
        self.attempt(self._take_over, name=name, target=target)

    def _take_over(self, name: str, target: Tenant) -> None:
        boss = target.users.filter(role=User.Role.ADMINISTRATOR).first()
        if boss:
            proven(boss, name)
            take_over.take_over(domain_name=name, target=target, acting_user=None)

    @rule(name=names)
    def a_takeover_is_undone(self, name: str) -> None:
        self.attempt(give_back.undo, domain_name=name, acting_user=None, reason="wrong")

    @rule(name=names, number=some)
    def a_domain_is_handed_over(self, name: str, number: int) -> None:
        self.attempt(self._hand_over, name=name, to=self.tenant(number))

    def _hand_over(self, name: str, to: Tenant) -> None:
        domain = Domain.objects.select_related("tenant").filter(name=name).first()
        if domain:
            hand_over.offer(domain_name=name, tenant=domain.tenant, to=to, acting_user=None)
            hand_over.accept(domain_name=name, tenant=to, acting_user=None)

    @rule(name=names)
    def a_domain_is_removed(self, name: str) -> None:
        domain = Domain.objects.select_related("tenant").filter(name=name).first()
        if domain:
            self.attempt(domains.remove, domain_name=name, tenant=domain.tenant, acting_user=None)

    @invariant()
    def the_rule_holds(self) -> None:
        with connection.cursor() as cursor:
            for what, statement in BROKEN.items():
                cursor.execute(statement)
                assert not cursor.fetchall(), (what, self.done)
        connection.check_constraints()


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [15, pytest.param(150, marks=pytest.mark.long)])
def test_addresses_stay_in_domains_of_their_own_tenant(examples: int) -> None:
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            deadline=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        ),
    )
