"""10,000 random accounts over many organisations: after takeovers, hand-overs and undoing them, nothing differs but
what is meant to.
"""

from __future__ import annotations

import datetime as dt
import random
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.utils import timezone

from signup.models import SignUp
from subscriptions.models import FREE_PLAN, AssignedLicence, Subscription
from tenants.flows import give_back, hand_over, take_over
from tenants.group_selectors import members_of
from tenants.models import (
    Address,
    Domain,
    Group,
    GroupMembership,
    GroupNesting,
    Tenant,
    User,
)
from tests.left_behind import assert_administrators_see_what_they_may
from tests.takeovers import holder, managed, proven

pytestmark = [pytest.mark.django_db, pytest.mark.long]
ACCOUNTS, ORGANISATIONS, TAKERS = 10_000, 40, 5
SECONDS = 30  # for one takeover of 5,000 accounts, on a busy machine
PAID = ("ENTERPRISEPACK", "AIP_PREMIUM_P1")
States = User.State


def made(
    names: Iterable[str], *, accounts: int, chance: random.Random, managed_: bool = False
) -> Tenant:
    """An organisation with its domains, accounts, groups and plans."""
    tenant = Tenant.objects.create(
        name=next(iter(names)), state=Tenant.State.MANAGED if managed_ else Tenant.State.UNMANAGED
    )
    domains = [
        Domain.objects.create(
            name=name,
            tenant=tenant,
            state=Domain.State.VERIFIED if managed_ else Domain.State.UNVERIFIED,
        )
        for name in names
    ]
    people(tenant, domains, accounts, chance)
    groups(tenant, chance)
    plans(tenant, chance)
    return tenant


def people(tenant: Tenant, domains: list[Domain], accounts: int, chance: random.Random) -> None:
    users, addresses, now = [], [], timezone.now()
    for number in range(accounts):
        domain = chance.choice(domains)
        state = chance.choices([States.ACTIVE, States.DISABLED, States.CLOSED], [90, 7, 3])[0]
        email = None if state == States.CLOSED else f"p{number}@{domain.name}"
        user = User(
            tenant=tenant,
            email=email,
            state=state,
            password=f"!{number}",
            creation_method="email_verified",
            created_at=now - dt.timedelta(days=9),
        )
        users.append(user)
        if email:
            addresses.append(Address(address=email, domain=domain, user=user, proven_at=now))
            if chance.random() < 0.1:
                other = chance.choice(domains)
                alias = f"alias{number}@{other.name}"
                addresses.append(
                    Address(address=alias, domain=other, user=user, proven_at=now, is_primary=False)
                )
    User.objects.bulk_create(users, batch_size=500)
    Address.objects.bulk_create(addresses, batch_size=500)
    SignUp.objects.bulk_create(sign_ups(users, domains), batch_size=500)


def sign_ups(users: list[User], domains: list[Domain]) -> Iterator[SignUp]:
    """Some have an address in another domain of their organisation by now."""
    chance = random.Random(len(users))  # noqa: S311
    for user in users:
        at = (user.email or "").rpartition("@")[2]
        domain = at if at and chance.random() < 0.8 else chance.choice(domains).name
        yield SignUp(
            address=f"{user.pk}@{domain}",
            domain=domain,
            user=user,
            state=SignUp.State.COMPLETED,
            outcome=SignUp.Outcome.CONFIRM,
            language="en",
            ended_at=timezone.now(),
        )


def groups(tenant: Tenant, chance: random.Random) -> None:
    users = list(tenant.users.exclude(state=States.CLOSED))
    made_groups = [
        Group.objects.create(tenant=tenant, name=f"Group {number}", name_key=f"group {number}")
        for number in range(4)
    ]
    for group in made_groups:
        chosen = chance.sample(users, len(users) // 4)
        GroupMembership.objects.bulk_create(
            GroupMembership(group=group, user=user) for user in chosen
        )
    GroupNesting.objects.create(outer=made_groups[0], inner=made_groups[1])
    GroupNesting.objects.create(outer=made_groups[1], inner=made_groups[2])


def plans(tenant: Tenant, chance: random.Random) -> None:
    users = list(tenant.users.filter(state=States.ACTIVE))
    free = Subscription.objects.create(tenant=tenant, plan_id=FREE_PLAN)
    assign(free, chance.sample(users, len(users) * 9 // 10))
    for sku in PAID:
        if chance.random() < 0.5:
            units = len(users) // 3 + 1
            bought = Subscription.objects.create(tenant=tenant, plan_id=sku, units=units)
            assign(bought, chance.sample(users, len(users) // 4))


def assign(subscription: Subscription, users: list[User]) -> None:
    rows = (AssignedLicence(subscription=subscription, user=user) for user in users)
    AssignedLicence.objects.bulk_create(rows, batch_size=500)


# --- What can be seen from outside --------------------------------------------------------------------


def who_signs_in() -> set[Any]:
    """By which address, as whom, with which password."""
    rows = Address.objects.filter(user__isnull=False)
    return set(rows.values_list("address", "user", "user__state", "user__password", "user__email"))


def who_is_in_which_group() -> dict[Any, Any]:
    return {
        group.pk: set(members_of(group).values_list("pk", flat=True))
        for group in Group.objects.all()
    }


def who_holds_what() -> set[Any]:
    units = AssignedLicence.objects.filter(subscription__cancelled_at__isnull=True)
    return set(units.values_list("user", "subscription__plan"))


def where_all_is() -> dict[str, Any]:
    return {
        "users": set(User.objects.values_list("pk", "tenant", "role")),
        "domains": set(Domain.objects.values_list("name", "tenant", "state")),
        "groups": set(Group.objects.values_list("pk", "tenant", "name", "name_key")),
        "members": set(GroupMembership.objects.values_list("group", "user")),
        "nestings": set(GroupNesting.objects.values_list("outer", "inner")),
        "subscriptions": set(
            Subscription.objects.values_list("pk", "tenant", "plan", "units", "cancelled_at")
        ),
        "units": set(AssignedLicence.objects.values_list("pk", "subscription", "user")),
        "addresses": set(
            Address.objects.values_list("pk", "address", "user", "domain", "is_primary")
        ),
        "sign_ups": set(SignUp.objects.values_list("pk", "user", "domain", "is_left_behind")),
    }


def assert_everybody_has_units_of_their_own_organisation() -> None:
    for user_tenant, tenant in AssignedLicence.objects.filter(
        subscription__cancelled_at__isnull=True
    ).values_list("user__tenant", "subscription__tenant"):
        assert user_tenant == tenant


def test_takeovers_change_where_accounts_are_and_nothing_else_and_undoing_all() -> None:
    chance = random.Random(20261124)  # noqa: S311
    takers = [managed(f"taker{number}.com") for number in range(TAKERS)]
    for taker in takers:
        assert taker.tenant
        groups_of_taker = Group(tenant=taker.tenant, name="Group 1", name_key="group 1")
        groups_of_taker.save()
        Subscription.objects.create(tenant=taker.tenant, plan_id=FREE_PLAN)
        if chance.random() < 0.5:
            Subscription.objects.create(tenant=taker.tenant, plan_id=PAID[0], units=3)
    names = [f"org{number}.com" for number in range(ORGANISATIONS)]
    for name in names:
        made([name], accounts=ACCOUNTS // ORGANISATIONS, chance=chance)
    assert User.objects.count() >= ACCOUNTS

    signs_in, in_groups, holds, first = (
        who_signs_in(),
        who_is_in_which_group(),
        who_holds_what(),
        where_all_is(),
    )
    taken = {name: chance.choice(takers) for name in chance.sample(names, ORGANISATIONS // 2)}
    for name, taker in taken.items():
        assert taker.tenant
        proven(taker, name)
        take_over.take_over(domain_name=name, target=taker.tenant, acting_user=taker)

    assert who_signs_in() == signs_in
    assert who_is_in_which_group() == in_groups
    assert who_holds_what() == holds
    assert_everybody_has_units_of_their_own_organisation()
    assert_administrators_see_what_they_may()
    assert {name: holder(name) for name in taken} == {
        name: taker.tenant for name, taker in taken.items()
    }
    moved = {pk for pk, tenant, _ in first["users"]} - {
        pk for pk, tenant, _ in where_all_is()["users"] & first["users"]
    }
    meant = User.objects.filter(tenant__in={taker.tenant for taker in takers}).exclude(
        pk__in=[taker.pk for taker in takers]
    )
    assert moved == set(meant.values_list("pk", flat=True))

    for name, taker in chance.sample(sorted(taken.items()), len(taken)):
        give_back.undo(domain_name=name, acting_user=taker)
    last = where_all_is()
    assert {kind: len(last[kind] ^ first[kind]) for kind in first} == dict.fromkeys(first, 0)


def test_a_hand_over_leaves_behind_only_what_lies_between_the_two() -> None:
    chance = random.Random(4)  # noqa: S311
    olga = managed("olga.com")
    assert olga.tenant
    Subscription.objects.create(tenant=olga.tenant, plan_id=FREE_PLAN)
    firm = made(["one.com", "two.com"], accounts=2000, chance=chance, managed_=True)
    head = firm.users.filter(state=States.ACTIVE, email__endswith="@one.com").order_by("email")[0]
    User.objects.filter(pk=head.pk).update(role=User.Role.ADMINISTRATOR)
    going = set(firm.users.filter(email__endswith="@two.com").values_list("pk", flat=True))
    signs_in, holds, first = who_signs_in(), who_holds_what(), where_all_is()

    hand_over.offer(domain_name="two.com", tenant=firm, to=olga.tenant, acting_user=None)
    hand_over.accept(domain_name="two.com", tenant=olga.tenant, acting_user=olga)
    assert set(olga.tenant.users.exclude(pk=olga.pk).values_list("pk", flat=True)) == going
    between = {row for row in signs_in if not row[0].startswith("p") and row[0][-7:] != row[4][-7:]}
    assert between
    assert who_signs_in() == signs_in - between
    bought = {(user, plan) for user, plan in holds if user in going and plan != FREE_PLAN}
    assert bought
    assert who_holds_what() == holds - bought
    assert not GroupMembership.objects.filter(user__in=going, group__tenant=firm).exists()
    assert SignUp.objects.filter(is_left_behind=True).count() > ACCOUNTS // 100
    assert_administrators_see_what_they_may()
    assert_everybody_has_units_of_their_own_organisation()

    give_back.undo(domain_name="two.com", acting_user=olga)
    last = where_all_is()
    assert {kind: len(last[kind] ^ first[kind]) for kind in first} == dict.fromkeys(first, 0)


def test_5000_accounts_move_in_seconds() -> None:
    ada = managed("ada.com")
    assert ada.tenant
    chance = random.Random(5)  # noqa: S311
    made(["big.com"], accounts=5000, chance=chance)
    proven(ada, "big.com")
    begun = time.monotonic()
    take_over.take_over(domain_name="big.com", target=ada.tenant, acting_user=ada)
    there = time.monotonic()
    give_back.undo(domain_name="big.com", acting_user=ada)
    back = time.monotonic()
    assert max(there - begun, back - there) < SECONDS
