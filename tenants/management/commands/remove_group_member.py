from __future__ import annotations

from tenants.flows import groups
from tenants.management.group_members import GroupMemberCommand
from tenants.models import Group, User


class Command(GroupMemberCommand):
    help = "Takes an account, or another group, out of a group."

    def of_user(self, group: Group, user: User) -> None:
        groups.remove_member(group=group, user=user, acting_user=None)

    def of_group(self, group: Group, inner: Group) -> None:
        groups.remove_group(outer=group, inner=inner, acting_user=None)
