"""Whoever took an organisation over tries to get past the 72 hours by another door."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from tenants.access import LIMITED, Power, may, require
from tenants.exceptions import AdministratorAlready, GoneAlready, MemberAlready, NotActive
from tenants.flows import give_back, groups, hand_over, oversee, roles, states, take_over
from tenants.flows.group_addresses import set_addresses
from tenants.group_selectors import members_of
from tenants.models import Domain, Group, Takeover, Tenant, User
from tenants.takeover.limit_exceptions import GroupLimited, Limited
from tests.factories import GroupFactory, OperatorFactory, UserFactory
from tests.takeovers import holder, managed, proven, unmanaged

pytestmark = pytest.mark.django_db
FIRM, SHOP, OTHER = "firm.com", "shop.com", "other.com"
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def ada() -> User:
    """Of an organisation of age, which has just taken shop.com over."""
    with time_machine.travel(timezone.now() - 240 * HOUR):
        managed(FIRM)
        managed(OTHER)
        unmanaged(SHOP)
    ada = User.objects.get(email=f"ada@{FIRM}")
    proven(ada, SHOP)
    assert ada.tenant
    take_over.take_over(domain_name=SHOP, target=ada.tenant, acting_user=ada)
    return ada


def victim() -> User:
    return User.objects.select_related("tenant").get(email=f"person0@{SHOP}")


def powers(acting_user: User) -> set[Power]:
    """Those of the limited ones that somebody has over the victim."""
    return {power for power in LIMITED if may(acting_user, power, victim())}


def tenant_of(user: User) -> Tenant:
    assert user.tenant
    return user.tenant


def test_asking_to_undo_does_not_end_them(ada: User) -> None:
    assert powers(ada) == set()
    give_back.begin(domain_name=SHOP, acting_user=ada)
    assert Takeover.objects.get(domain_name=SHOP).state == Takeover.State.UNDOING
    assert powers(ada) == set()
    with pytest.raises(Limited):
        require(ada, Power.RESET_FACTORS, victim())


def test_undoing_and_taking_it_again_begins_them_anew(ada: User) -> None:
    with time_machine.travel(timezone.now() + 70 * HOUR):
        give_back.undo(domain_name=SHOP, acting_user=ada)
        proven(ada, SHOP)
        take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=ada)
    with time_machine.travel(timezone.now() + (70 + 71) * HOUR):
        assert powers(ada) == set()
    with time_machine.travel(timezone.now() + (70 + 73) * HOUR):
        assert powers(ada) == LIMITED


def test_handing_it_to_an_organisation_of_age_begins_them_anew(ada: User) -> None:
    olga = User.objects.get(email=f"ada@{OTHER}")
    with time_machine.travel(timezone.now() + 70 * HOUR):
        hand_over.offer(
            domain_name=SHOP, tenant=tenant_of(ada), to=tenant_of(olga), acting_user=ada
        )
        hand_over.accept(domain_name=SHOP, tenant=tenant_of(olga), acting_user=olga)
    with time_machine.travel(timezone.now() + (70 + 71) * HOUR):
        assert powers(olga) == set()
    with time_machine.travel(timezone.now() + 71 * HOUR):
        give_back.undo(domain_name=SHOP, acting_user=olga)
        assert holder(SHOP) == ada.tenant
        assert powers(ada) == set()


def test_a_second_administrator_is_limited_as_the_first(ada: User) -> None:
    with time_machine.travel(timezone.now() - 240 * HOUR):
        second = UserFactory.create(tenant=ada.tenant, email=f"second@{FIRM}")
    roles.make_administrator(user=second, acting_user=ada)
    roles.make_administrator(user=User.objects.get(email=f"person1@{SHOP}"), acting_user=ada)
    for somebody in (second, User.objects.get(email=f"person1@{SHOP}")):
        assert User.objects.get(pk=somebody.pk).is_administrator
        assert powers(User.objects.get(pk=somebody.pk)) == set()


def test_whoever_comes_back_to_administrators_that_are_new_to_them_is_under_limits_too() -> None:
    """shop.com and shop.net were one organisation that nobody administered. firm.com takes shop.com; somebody proves
    the rest and governs it for long; then shop.com comes back.
    """
    with time_machine.travel(timezone.now() - 480 * HOUR):
        ada, shop = managed(FIRM), unmanaged(SHOP)
        Domain.objects.create(name="shop.net", tenant=shop)
        mallory = UserFactory.create(tenant=shop, email="mallory@shop.net")
        proven(ada, SHOP)
        take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=ada)
        proven(mallory, "shop.net")
    mallory = User.objects.get(pk=mallory.pk)
    assert mallory.is_administrator
    give_back.undo(domain_name=SHOP, acting_user=None)
    assert (victim().tenant, powers(mallory)) == (shop, set())
    with time_machine.travel(timezone.now() + 73 * HOUR):
        assert powers(mallory) == LIMITED


def test_what_was_decided_for_one_organisation_is_not_done_in_another(ada: User) -> None:
    """The account goes back between the question who may do this and the change itself."""
    with time_machine.travel(timezone.now() + 100 * HOUR):
        as_it_was = victim()
        give_back.undo(domain_name=SHOP, acting_user=ada)
        for work, refusal in (
            (states.disable, NotActive),
            (states.delete, GoneAlready),
            (roles.make_administrator, AdministratorAlready),
            (roles.make_member, MemberAlready),
        ):
            with pytest.raises(refusal):
                work(user=as_it_was, acting_user=ada)
        person = victim()
        assert (person.state, person.role) == (User.State.ACTIVE, User.Role.MEMBER)
        assert person.tenant != ada.tenant


def test_a_takeover_that_was_stopped_leaves_nobody_with_power() -> None:
    with time_machine.travel(timezone.now() - 240 * HOUR):
        unmanaged(SHOP)
    mallory = User.objects.get(email=f"person1@{SHOP}")
    proven(mallory, SHOP)
    mallory = User.objects.get(pk=mallory.pk)
    assert powers(mallory) == set()
    oversee.begin_to_stop(domain_name=SHOP, reason="Not theirs.", acting_user=None)
    assert powers(mallory) == set()
    give_back.run(Takeover.objects.get().pk)
    mallory = User.objects.get(pk=mallory.pk)
    assert not any(may(mallory, power, victim()) for power in Power)


def test_nobody_is_put_into_a_group_that_may_open_what_was_protected_before() -> None:
    """A member of a group that came along reads what the group reads."""
    with time_machine.travel(timezone.now() - 240 * HOUR):
        ada, olga = managed(FIRM), managed(OTHER)
        proven(ada, SHOP)
        old = GroupFactory.create(tenant=ada.tenant, name="Board")
        shop = Domain.objects.get(name=SHOP)
        old.addresses.create(address=f"board@{SHOP}", domain=shop, is_primary=True)
        mallory = UserFactory.create(tenant=olga.tenant, email=f"mallory@{OTHER}")
    hand_over.offer(domain_name=SHOP, tenant=tenant_of(ada), to=tenant_of(olga), acting_user=ada)
    hand_over.accept(domain_name=SHOP, tenant=tenant_of(olga), acting_user=olga)
    old = Group.objects.get(pk=old.pk)
    new = groups.create(tenant=tenant_of(olga), name="New", acting_user=olga)
    groups.add_member(group=new, user=mallory, acting_user=olga)
    ways: tuple[Callable[[], object], ...] = (
        lambda: groups.add_member(group=old, user=mallory, acting_user=olga),
        lambda: groups.add_group(outer=old, inner=new, acting_user=olga),
        lambda: set_addresses(group=old, addresses=[], acting_user=olga),
        lambda: groups.delete(group=old, acting_user=olga),
    )
    for way in ways:
        with pytest.raises(GroupLimited, match="was there before"):
            way()
    assert not members_of(old).exists()
    groups.add_group(outer=new, inner=old, acting_user=olga)
    with time_machine.travel(timezone.now() + 73 * HOUR):
        groups.add_member(group=old, user=mallory, acting_user=olga)


def test_operators_fill_groups_at_any_time_and_so_may_who_was_waived() -> None:
    with time_machine.travel(timezone.now() - 240 * HOUR):
        tenant = unmanaged(SHOP)
        group = GroupFactory.create(tenant=tenant, name="Left over")
    person, mallory = tenant.users.order_by("email")[:2]
    proven(mallory, SHOP)
    mallory, group = User.objects.get(pk=mallory.pk), Group.objects.get(pk=group.pk)
    with pytest.raises(GroupLimited):
        groups.add_member(group=group, user=mallory, acting_user=mallory)
    groups.add_member(group=group, user=person, acting_user=OperatorFactory.create())
    oversee.waive(domain_name=SHOP, reason="They called.", acting_user=None)
    groups.add_member(group=group, user=mallory, acting_user=mallory)
