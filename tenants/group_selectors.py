"""Reading groups. Who is in a group, through however many groups, is one recursive query.

UNION without ALL looks at each group once, so that a query ends whatever the rows say.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import connection, models
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from tenants import addresses
from tenants.group_exceptions import NoSuchGroup, NoSuchMember
from tenants.models import Group, Tenant, User
from tenants.models.group import key_of
from tenants.selectors import get_tenant, user_by_address

INWARD = """
WITH RECURSIVE inside(id) AS (
    SELECT id FROM tenants_group WHERE id = %s
    UNION
    SELECT nesting.inner_id FROM tenants_groupnesting nesting JOIN inside ON nesting.outer_id = inside.id
)
"""
MEMBERS = (
    f"{INWARD} SELECT user_id FROM tenants_groupmembership JOIN inside ON group_id = inside.id"  # noqa: S608
)
GROUPS_INSIDE = f"{INWARD} SELECT id FROM inside"  # noqa: S608
OUTWARD = """
WITH RECURSIVE around(id) AS (
    SELECT group_id FROM tenants_groupmembership WHERE user_id = %s
    UNION
    SELECT nesting.outer_id FROM tenants_groupnesting nesting JOIN around ON nesting.inner_id = around.id
)
SELECT id FROM around
"""
# A group may be reached on several ways, the longest of which counts: at most `at_most` rows for each.
DEPTH = """
WITH RECURSIVE reached(id, depth) AS (
    SELECT id, 1 FROM tenants_group WHERE id = %s
    UNION
    SELECT nesting.{lead_to}, reached.depth + 1
    FROM tenants_groupnesting nesting JOIN reached ON nesting.{come_from} = reached.id
    WHERE reached.depth <= %s
)
SELECT max(depth) FROM reached
"""


def groups_in(tenant: Tenant) -> QuerySet[Group]:
    """With their addresses, which rows of lists show."""
    return Group.objects.filter(tenant=tenant).prefetch_related("addresses")


def get_group(typed: str, *, typed_domain: str) -> Group:
    """By its name, or one of its addresses, in the organisation that has the domain.

    Raises NoSuchGroup, NoSuchTenant or AddressRefused.
    """
    return group_in(get_tenant(typed_domain), typed)


def group_in(tenant: Tenant, typed: str) -> Group:
    """By its name, or one of its addresses. Raises NoSuchGroup."""
    named = Q(name_key=key_of(typed))
    if "@" in typed:
        named |= Q(addresses__address=_spelling(typed))
    group = groups_in(tenant).select_related("tenant").filter(named).first()
    if group is None:
        raise NoSuchGroup(typed)
    return group


def user_in(tenant: Tenant, typed: str) -> User:
    """By an address. Nobody learns whether another organisation has it. Raises NoSuchMember or AddressRefused."""
    user = user_by_address(str(addresses.parse(typed)))
    if user is None or user.tenant_id != tenant.pk:
        raise NoSuchMember(typed)
    return user


def members_of(group: Group) -> QuerySet[User]:
    """Whoever is in it, directly or through groups in it, in whatever state; each once."""
    return User.objects.filter(pk__in=RawSQL(MEMBERS, [_key(group.pk)]))  # noqa: S611 -- no text of people


def active_members_of(group: Group) -> QuerySet[User]:
    return members_of(group).filter(state=User.State.ACTIVE)


def groups_of(user: User) -> QuerySet[Group]:
    """Those that the account is in, and those that these are in."""
    return Group.objects.filter(pk__in=RawSQL(OUTWARD, [_key(user.pk)]))  # noqa: S611 -- no text of people


def groups_inside(group: Group) -> QuerySet[Group]:
    """Those in it, through however many; without itself."""
    inside = RawSQL(GROUPS_INSIDE, [_key(group.pk)])  # noqa: S611 -- no text of people
    return Group.objects.filter(pk__in=inside).exclude(pk=group.pk)


def direct_members_of(group: Group) -> QuerySet[User]:
    return User.objects.filter(memberships__group=group)


def groups_within(group: Group) -> QuerySet[Group]:
    """Those directly in it."""
    return Group.objects.filter(outer_nestings__outer=group)


def groups_around(group: Group) -> QuerySet[Group]:
    """Those that it is directly in."""
    return Group.objects.filter(inner_nestings__inner=group)


def depth_inside(group: Group, at_most: int) -> int:
    """How many groups lie in one another from `group` inward, itself among them; at most one more than asked for."""
    return _depth(group, "outer_id", "inner_id", at_most)


def depth_around(group: Group, at_most: int) -> int:
    """The same outward."""
    return _depth(group, "inner_id", "outer_id", at_most)


def _depth(group: Group, come_from: str, lead_to: str, at_most: int) -> int:
    statement = DEPTH.format(come_from=come_from, lead_to=lead_to)
    with connection.cursor() as cursor:
        cursor.execute(statement, [_key(group.pk), at_most])
        ((deepest,),) = cursor.fetchall()
    return int(deepest)


def _key(value: uuid.UUID) -> Any:
    """As the database stores it: SQLite has no type for it."""
    return models.UUIDField().get_db_prep_value(value, connection)


def _spelling(typed: str) -> str:
    try:
        return str(addresses.parse(typed))
    except addresses.AddressRefused:
        return typed
