"""What hangs on a tenant, room by room: how it goes along when a domain goes from one tenant to another.

Every room registers what it hangs on a tenant. A model that refers to a tenant belongs to a belonging
(`tests/test_takeover_registry.py`), so that a room that comes later cannot forget it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice

from django.db.models import Model, Q, QuerySet

from tenants.models import Address, Domain, Group, MovedRow, Takeover, Tenant, User

PERSON, GROUP = "user", "group"
AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the preview: what goes, or what collides and the rule for it.

    `tells_of_target`: whoever reads it learns something of the organisation that the domain goes to.
    """

    name: str
    count: int
    text: str
    collides: bool = False
    tells_of_target: bool = False


@dataclass(frozen=True)
class Plan:
    """`is_whole`: nothing is left of the source, so what has no domain of its own goes along as well."""

    domain: Domain
    source: Tenant
    target: Tenant
    is_whole: bool

    @property
    def people(self) -> QuerySet[User]:
        """Whose accounts go: those whose primary address lies in the domain."""
        people = User.objects.filter(tenant=self.source)
        return people if self.is_whole else people.filter(pk__in=_living_in(self.domain, "user"))

    @property
    def groups(self) -> QuerySet[Group]:
        """Likewise; a group without address belongs to its tenant alone."""
        groups = Group.objects.filter(tenant=self.source)
        return groups if self.is_whole else groups.filter(pk__in=_living_in(self.domain, "group"))


@dataclass(frozen=True)
class Move(Plan):
    """A plan that is being carried out, in one transaction. `is_back`: it undoes `takeover`.

    `people` and `groups` are those that the first steps found, also after they have moved.
    """

    takeover: Takeover
    is_back: bool
    acting_user: User | None

    @property
    def people(self) -> QuerySet[User]:
        return User.objects.filter(pk__in=self._found(PERSON))

    @property
    def groups(self) -> QuerySet[Group]:
        return Group.objects.filter(pk__in=self._found(GROUP))

    @property
    def people_to_find(self) -> QuerySet[User]:
        """On the way back: all in the domain as it is now, and who came along and has no address any more."""
        if not self.is_back:
            return super().people
        found = Q(pk__in=_living_in(self.domain, "user"))
        came = Q(pk__in=self._came(PERSON), addresses__isnull=True)
        return User.objects.filter(found | came, tenant=self.source)

    @property
    def groups_to_find(self) -> QuerySet[Group]:
        if not self.is_back:
            return super().groups
        found = Q(pk__in=_living_in(self.domain, "group"))
        came = Q(pk__in=self._came(GROUP), addresses__isnull=True)
        return Group.objects.filter(found | came, tenant=self.source)

    def note(self, kind: str, rows: Iterable[tuple[uuid.UUID, dict[str, object]]]) -> None:
        """Remembers rows and what they were before."""
        made = (
            MovedRow(
                takeover=self.takeover, kind=kind, is_back=self.is_back, row_id=pk, before=before
            )
            for pk, before in rows
        )
        while batch := list(islice(made, AT_ONCE)):
            MovedRow.objects.bulk_create(batch)

    def noted(self, kind: str) -> QuerySet[MovedRow]:
        """What the way there remembered."""
        return self.takeover.moved.filter(kind=kind, is_back=False)

    def _found(self, kind: str) -> QuerySet[MovedRow, uuid.UUID]:
        found = self.takeover.moved.filter(kind=kind, is_back=self.is_back)
        return found.values_list("row_id", flat=True)

    def _came(self, kind: str) -> QuerySet[MovedRow, uuid.UUID]:
        return self.noted(kind).values_list("row_id", flat=True)


@dataclass(frozen=True, slots=True)
class Belonging:
    """`move` carries out a Move by statements over sets of rows, in either direction, and nothing outside the
    database. `preview` says what it would do.
    """

    name: str
    models: tuple[type[Model], ...]
    move: Callable[[Move], None]
    preview: Callable[[Plan], list[Line]] = lambda plan: []


_belongings: dict[str, Belonging] = {}


def register(belonging: Belonging) -> None:
    _belongings[belonging.name] = belonging


def belongings() -> list[Belonging]:
    """In the order in which they move: lower rooms first."""
    return list(_belongings.values())


def _living_in(domain: Domain, holder: str) -> QuerySet[Address, uuid.UUID | None]:
    rows = Address.objects.filter(domain=domain, is_primary=True, **{f"{holder}__isnull": False})
    return rows.order_by().values_list(f"{holder}_id", flat=True)
