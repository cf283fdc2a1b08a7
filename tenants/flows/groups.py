"""An organisation's groups: who administers it makes them and decides who is in them.

The rules of nesting lean on all nestings of the organisation together, so whoever changes them holds the tenant's
row: of two who would close a circle at once, the second one sees what the first one did.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction

from audit.services import record
from tenants import locks
from tenants.access import require_fills, require_governs
from tenants.exceptions import GoneAlready
from tenants.group_exceptions import (
    GroupNameTaken,
    GroupOfOtherOrganisation,
    GroupsInACircle,
    GroupsTooDeep,
    InGroupAlready,
    NotAGroupName,
    NotInGroup,
)
from tenants.group_selectors import depth_around, depth_inside, groups_inside
from tenants.models import Group, GroupMembership, GroupNesting, Tenant, User
from tenants.models.group import key_of

DEEPEST = 20
LONGEST_NAME = 120
LONGEST_DESCRIPTION = 500


@transaction.atomic
def create(*, tenant: Tenant, name: str, description: str = "", acting_user: User | None) -> Group:
    """Raises NotAllowed, NotAGroupName or GroupNameTaken."""
    require_governs(acting_user, tenant)
    group = Group(tenant=tenant)
    _describe(group, name, description)
    _record("group.created", group, acting_user, name=group.name)
    return group


@transaction.atomic
def change(*, group: Group, name: str, description: str, acting_user: User | None) -> Group:
    """Another name or description. Raises NotAllowed, NotAGroupName or GroupNameTaken."""
    require_governs(acting_user, group.tenant)
    if (name, description) != (group.name, group.description):
        before = group.name
        _describe(group, name, description)
        _record("group.changed", group, acting_user, name=group.name, before=before)
    return group


@transaction.atomic
def delete(*, group: Group, acting_user: User | None) -> None:
    """With its addresses, which are free from then on. Raises NotAllowed or GroupLimited."""
    require_fills(acting_user, group)
    _record("group.deleted", group, acting_user, name=group.name)
    group.delete()


@transaction.atomic
def add_member(*, group: Group, user: User, acting_user: User | None) -> None:
    """Raises NotAllowed, GroupLimited, GroupOfOtherOrganisation, GoneAlready or InGroupAlready."""
    require_fills(acting_user, group)
    if user.tenant_id != group.tenant_id:
        raise GroupOfOtherOrganisation(str(user))
    if user.state in {User.State.DELETED, User.State.CLOSED}:
        raise GoneAlready(str(user))
    _, made = GroupMembership.objects.get_or_create(group=group, user=user)
    if not made:
        raise InGroupAlready(str(user), group.name)
    _record("group.member_added", group, acting_user, user=str(user.pk))


@transaction.atomic
def remove_member(*, group: Group, user: User, acting_user: User | None) -> None:
    """Raises NotAllowed or NotInGroup."""
    require_governs(acting_user, group.tenant)
    removed, _ = GroupMembership.objects.filter(group=group, user=user).delete()
    if not removed:
        raise NotInGroup(str(user), group.name)
    _record("group.member_removed", group, acting_user, user=str(user.pk))


@transaction.atomic
def add_group(*, outer: Group, inner: Group, acting_user: User | None) -> None:
    """Whoever is in `inner` is in `outer` from now on.

    Raises NotAllowed, GroupLimited, GroupOfOtherOrganisation, InGroupAlready, GroupsInACircle or GroupsTooDeep.
    """
    require_fills(acting_user, outer)
    if outer.tenant_id != inner.tenant_id:
        raise GroupOfOtherOrganisation(inner.name)
    locks.hold(outer.tenant_id)
    if inner == outer or groups_inside(inner).filter(pk=outer.pk).exists():
        raise GroupsInACircle(inner.name, outer.name)
    if depth_around(outer, DEEPEST) + depth_inside(inner, DEEPEST) > DEEPEST:
        raise GroupsTooDeep(DEEPEST)
    _, made = GroupNesting.objects.get_or_create(outer=outer, inner=inner)
    if not made:
        raise InGroupAlready(inner.name, outer.name)
    _record("group.group_added", outer, acting_user, inner=str(inner.pk))


@transaction.atomic
def remove_group(*, outer: Group, inner: Group, acting_user: User | None) -> None:
    """Raises NotAllowed or NotInGroup."""
    require_governs(acting_user, outer.tenant)
    removed, _ = GroupNesting.objects.filter(outer=outer, inner=inner).delete()
    if not removed:
        raise NotInGroup(inner.name, outer.name)
    _record("group.group_removed", outer, acting_user, inner=str(inner.pk))


def _describe(group: Group, name: str, description: str) -> None:
    """Raises NotAGroupName or GroupNameTaken."""
    name, description = " ".join(name.split()), description.strip()
    # A group is also found by its addresses: a name that looks like one could be taken for it.
    if not 1 <= len(name) <= LONGEST_NAME or len(description) > LONGEST_DESCRIPTION:
        raise NotAGroupName
    if not name.isprintable() or "@" in key_of(name):
        raise NotAGroupName
    group.name, group.name_key, group.description = name, key_of(name), description
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError:
        raise GroupNameTaken(name) from None


def _record(action: str, group: Group, acting_user: User | None, **details: object) -> None:
    """A group's name is the organisation's word, not a person's: the log has it, for groups that are gone."""
    record(
        action=action,
        subject=f"group:{group.pk}",
        tenant_id=group.tenant_id,
        acting_user=acting_user,
        details=details,
    )
