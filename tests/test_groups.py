"""Groups: who is in them, through however many groups."""

from __future__ import annotations

from itertools import pairwise

import pytest
from django.db import IntegrityError, transaction

from tenants.group_selectors import active_members_of, groups_inside, groups_of, members_of
from tenants.models import Group, GroupMembership, GroupNesting, User
from tests.factories import GroupFactory, TenantFactory, UserFactory

pytestmark = pytest.mark.django_db


def chain_of(length: int) -> list[Group]:
    """The first is in the second, which is in the third, and so on."""
    tenant = TenantFactory.create()
    groups = [GroupFactory.create(tenant=tenant) for _ in range(length)]
    for inner, outer in pairwise(groups):
        GroupNesting.objects.create(outer=outer, inner=inner)
    return groups


def test_who_is_in_an_inner_group_is_in_the_outer_one() -> None:
    inner, middle, outer = chain_of(3)
    user = UserFactory.create(tenant=inner.tenant)
    GroupMembership.objects.create(group=inner, user=user)
    assert list(members_of(outer)) == [user]
    assert set(groups_of(user)) == {inner, middle, outer}
    assert set(groups_inside(outer)) == {inner, middle}
    assert not groups_inside(inner)


def test_who_is_in_an_outer_group_is_not_in_the_inner_one() -> None:
    inner, outer = chain_of(2)
    user = UserFactory.create(tenant=inner.tenant)
    GroupMembership.objects.create(group=outer, user=user)
    assert not members_of(inner)
    assert list(groups_of(user)) == [outer]


def test_who_is_in_a_group_on_two_ways_is_there_once() -> None:
    inner, outer = chain_of(2)
    user = UserFactory.create(tenant=inner.tenant)
    for group in (inner, outer):
        GroupMembership.objects.create(group=group, user=user)
    assert list(members_of(outer)) == [user]


def test_a_question_ends_even_where_rows_form_a_circle() -> None:
    first, second = chain_of(2)
    GroupNesting.objects.create(outer=first, inner=second)
    user = UserFactory.create(tenant=first.tenant)
    GroupMembership.objects.create(group=first, user=user)
    assert list(members_of(second)) == [user]
    assert set(groups_of(user)) == {first, second}


@pytest.mark.parametrize("state", [User.State.DISABLED, User.State.DELETED])
def test_who_is_shut_stays_a_member_and_is_not_active(state: User.State) -> None:
    group = GroupFactory.create()
    user = UserFactory.create(tenant=group.tenant, state=state)
    GroupMembership.objects.create(group=group, user=user)
    assert list(members_of(group)) == [user]
    assert not active_members_of(group)


def test_a_group_cannot_be_in_itself() -> None:
    group = GroupFactory.create()
    with pytest.raises(IntegrityError, match="no_group_in_itself"), transaction.atomic():
        GroupNesting.objects.create(outer=group, inner=group)


def test_two_groups_of_one_organisation_have_two_names() -> None:
    group = GroupFactory.create(name="Sales")
    GroupFactory.create(name="Sales")
    with pytest.raises(IntegrityError), transaction.atomic():
        GroupFactory.create(name="  SALES ", tenant=group.tenant)
