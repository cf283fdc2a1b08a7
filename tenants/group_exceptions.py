"""Why something about groups was refused, each with a sentence that says what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tenants.exceptions import DirectoryError


class NoSuchGroup(DirectoryError):
    def __init__(self, group: str) -> None:
        super().__init__(
            _(
                "The organisation has no group %(group)s. `list_groups DOMAIN` shows those that there are."
            )
            % {"group": group}
        )


class NoSuchMember(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("The organisation has no account with the address %(address)s.")
            % {"address": address}
        )


class GroupNameTaken(DirectoryError):
    def __init__(self, name: str) -> None:
        super().__init__(
            _("The organisation has a group called %(name)s already. Choose another name.")
            % {"name": name}
        )


class NotAGroupName(DirectoryError):
    def __init__(self) -> None:
        super().__init__(
            _(
                "A group's name has 1 to 120 printable characters and no @, its description 500 at most. Shorten it, "
                "or choose another."
            )
        )


class GroupOfOtherOrganisation(DirectoryError):
    def __init__(self, other: str) -> None:
        super().__init__(
            _(
                "%(other)s belongs to another organisation than the group. Only the organisation's own accounts "
                "and groups can be in it."
            )
            % {"other": other}
        )


class InGroupAlready(DirectoryError):
    def __init__(self, other: str, group: str) -> None:
        super().__init__(
            _("%(other)s is in the group %(group)s already.") % {"other": other, "group": group}
        )


class NotInGroup(DirectoryError):
    def __init__(self, other: str, group: str) -> None:
        super().__init__(
            _(
                "%(other)s is not in the group %(group)s itself. Whoever is there through a group in it is taken out "
                "of that one."
            )
            % {"other": other, "group": group}
        )


class GroupsInACircle(DirectoryError):
    def __init__(self, inner: str, outer: str) -> None:
        super().__init__(
            _(
                "%(inner)s cannot be in %(outer)s, because %(outer)s is in %(inner)s already, perhaps through other "
                "groups. Take it out there first."
            )
            % {"inner": inner, "outer": outer}
        )


class GroupsTooDeep(DirectoryError):
    def __init__(self, deepest: int) -> None:
        super().__init__(
            _(
                "Groups would lie in groups more than %(deepest)d deep. Put the accounts into one of the groups above "
                "instead."
            )
            % {"deepest": deepest}
        )
