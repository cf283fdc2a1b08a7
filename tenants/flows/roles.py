"""Who administers an organisation: a member becomes an administrator, and an administrator a member again."""

from __future__ import annotations

from django.db import transaction

from audit.services import record
from outbox.services import enqueue
from tenants.access import Power, require
from tenants.exceptions import (
    AdministratorAlready,
    MemberAlready,
    NobodyAdministers,
    NoOrganisation,
    NotActive,
)
from tenants.flows.states import require_another
from tenants.models import Tenant, User

Role = User.Role


@transaction.atomic
def make_administrator(*, user: User, acting_user: User | None) -> None:
    """Of the own organisation, once somebody administers it: the first becomes it by proving the domain.

    Raises NotAllowed, NoOrganisation, NobodyAdministers, NotActive or AdministratorAlready.
    """
    tenant = _tenant_of(user)
    require(acting_user, Power.MAKE_ADMINISTRATOR, user)
    if tenant.state != Tenant.State.MANAGED:
        raise NobodyAdministers(str(user))
    if not user.is_active:
        raise NotActive(str(user))
    if not _change(user, Role.MEMBER, Role.ADMINISTRATOR):
        raise AdministratorAlready(str(user))
    _record("user.made_administrator", user, acting_user)
    _tell("tenants.made_administrator", user)


@transaction.atomic
def make_member(*, user: User, acting_user: User | None) -> None:
    """Raises NotAllowed, NoOrganisation, MemberAlready, or LastAdministrator."""
    _tenant_of(user)
    require(acting_user, Power.MAKE_MEMBER, user)
    if user.is_active:
        require_another(user)
    if not _change(user, Role.ADMINISTRATOR, Role.MEMBER):
        raise MemberAlready(str(user))
    _record("user.made_member", user, acting_user)
    _tell("tenants.made_member", user)


def _tenant_of(user: User) -> Tenant:
    if user.tenant is None:
        raise NoOrganisation(str(user))
    return user.tenant


def _change(user: User, role: Role, to: Role) -> bool:
    """Of the organisation that it was decided for: the account may have gone to another one meanwhile."""
    same = User.objects.filter(pk=user.pk, tenant=user.tenant_id)
    return same.filter(role=role, state=user.state).update(role=to) == 1


def _record(action: str, user: User, acting_user: User | None) -> None:
    record(
        action=action,
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
    )


def _tell(kind: str, user: User) -> None:
    if user.is_active and user.email:
        enqueue(kind=kind, to_address=user.email, language=user.language)
