"""The database holds the rule of addresses, whatever code does; tests/test_address_rule_on_postgresql.py there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from tenants.flows import take_over
from tenants.models import Address, Domain, Group, GroupMembership, GroupNesting, Tenant, User
from tenants.takeover import journal, registry
from tenants.tombstones import tombstone_of
from tests.factories import GroupFactory, OperatorFactory, TenantFactory, UserFactory
from tests.takeovers import holder, managed, proven, unmanaged

pytestmark = pytest.mark.django_db
ONLY_AT_THE_END = pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite does not look when a transaction ends."
)


@contextmanager
def refused(sentence: str = "lies in a domain of its own tenant") -> Iterator[None]:
    with pytest.raises(IntegrityError, match=sentence), committed():
        yield


@contextmanager
def committed() -> Iterator[None]:
    """What looks when a transaction ends looks now."""
    with transaction.atomic():
        yield
        connection.check_constraints()


@pytest.fixture
def user() -> User:
    return UserFactory.create()


@pytest.fixture
def foreign() -> Domain:
    return TenantFactory.create().domains.get()


def own_domain(user: User) -> Domain:
    return user.addresses.get().domain


def alias(user: User | None, domain: Domain, *, name: str = "", proven: bool = True) -> Address:
    return Address(
        user=user,
        address=f"alias@{name or domain.name}",
        domain=domain,
        is_primary=False,
        proven_at=timezone.now() if proven else None,
    )


def test_a_proven_alias_in_an_own_domain_is_fine(user: User) -> None:
    with committed():
        alias(user, own_domain(user)).save()


def test_no_address_lies_in_another_tenants_domain(user: User, foreign: Domain) -> None:
    with refused():
        alias(user, foreign).save()
    with refused():
        user.addresses.update(domain=foreign, address=f"a@{foreign.name}")


def test_an_address_lies_in_the_domain_that_it_names(user: User) -> None:
    for name in ("elsewhere.com", f"x.{own_domain(user).name}"):
        with refused():
            alias(user, own_domain(user), name=name).save()


def test_an_address_that_nobody_proved_needs_its_domain_verified(user: User) -> None:
    domain = own_domain(user)
    with refused():
        alias(user, domain, proven=False).save()
    with refused():
        user.addresses.update(proven_at=None)
    Domain.objects.update(state=Domain.State.VERIFIED)
    with committed():
        alias(user, domain, proven=False).save()
    with refused():
        Domain.objects.update(state=Domain.State.UNVERIFIED)


def test_a_group_has_addresses_of_its_own_tenant(user: User, foreign: Domain) -> None:
    group, domain = GroupFactory.create(tenant=user.tenant), own_domain(user)
    Domain.objects.update(state=Domain.State.VERIFIED)
    with refused():
        Address.objects.create(group=group, address=f"all@{foreign.name}", domain=foreign)
    with committed():
        Address.objects.create(group=group, address=f"all@{domain.name}", domain=domain)


def test_an_address_belongs_to_an_account_or_to_a_group(user: User) -> None:
    group, domain = GroupFactory.create(tenant=user.tenant), own_domain(user)
    both = alias(user, domain)
    both.group = group
    for wrong in (both, alias(None, domain)):
        with refused("addresses_belong_to_one|CHECK"):
            wrong.save()


def test_the_stored_address_of_an_account_is_held_to_it_too(user: User, foreign: Domain) -> None:
    with refused():
        User.objects.filter(pk=user.pk).update(email=f"anna@{foreign.name}")
    with refused():
        User.objects.create(tenant=user.tenant, email="a@nowhere.com", creation_method="admin")
    with committed():
        User.objects.filter(pk=user.pk).update(email=tombstone_of("anna@gone.com"))
        OperatorFactory.create(email="anyone@anywhere.com")


def test_an_operator_has_no_address_in_a_directory(foreign: Domain) -> None:
    with refused():
        alias(OperatorFactory.create(), foreign).save()


def test_whoever_is_in_a_group_belongs_to_its_tenant(user: User) -> None:
    group, inner = GroupFactory.create(), GroupFactory.create(tenant=user.tenant)
    with refused("belongs to its tenant"):
        GroupMembership.objects.create(group=group, user=user)
    with refused("belongs to its tenant"):
        GroupMembership.objects.create(group=group, user=OperatorFactory.create())
    with refused("belongs to its tenant"):
        GroupNesting.objects.create(outer=group, inner=inner)


def move(user: User, target: Tenant) -> None:
    own_domain(user).tenant.domains.update(tenant=target)
    Group.objects.filter(memberships__user=user).update(tenant=target)
    User.objects.filter(pk=user.pk).update(tenant=target)


def test_a_move_of_all_that_belongs_together_is_let_through(user: User, foreign: Domain) -> None:
    group = GroupFactory.create(tenant=user.tenant)
    GroupMembership.objects.create(group=group, user=user)
    with committed():
        move(user, foreign.tenant)


@ONLY_AT_THE_END
def test_half_a_move_is_refused(user: User, foreign: Domain) -> None:
    group = GroupFactory.create(tenant=user.tenant)
    with refused():
        own_domain(user).tenant.domains.update(tenant=foreign.tenant)
    with refused():
        User.objects.filter(pk=user.pk).update(tenant=foreign.tenant)
    GroupMembership.objects.create(group=group, user=user)
    with refused("belongs to its tenant"):
        Group.objects.update(tenant=foreign.tenant)


@pytest.mark.parametrize("forgotten", ["accounts", "addresses", "memberships"])
def test_a_takeover_that_forgets_something_is_undone_on_both_databases(forgotten: str) -> None:
    """SQLite does not look at the end of a transaction, so the flow does."""
    ada = managed("walkers.com")
    shop = unmanaged("shop.com", people=1)
    second = Domain.objects.create(name="second.com", tenant=shop)
    person = shop.users.get()
    alias(person, second).save()
    GroupMembership.objects.create(group=GroupFactory.create(tenant=shop), user=person)
    proven(ada, "shop.com")
    assert ada.tenant
    takeover = take_over.begin(domain_name="shop.com", target=ada.tenant, acting_user=ada)
    without = [one for one in registry.belongings() if one.name != forgotten]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "belongings", lambda: without)
        with pytest.raises(IntegrityError), committed():
            take_over.run(takeover.pk)
    assert holder("shop.com") == shop
    take_over.run(takeover.pk)
    assert holder("shop.com") == ada.tenant


def test_it_is_still_held_after_migrating_again(user: User, foreign: Domain) -> None:
    call_command("migrate", verbosity=0)
    with refused():
        alias(user, foreign).save()
