"""Who may do what to whose account. What no line here allows is refused."""

from __future__ import annotations

from enum import Enum

from audit.scope import EVERYTHING, NOTHING, Scope
from tenants.exceptions import NotAllowed
from tenants.models import Tenant, User


class Power(Enum):
    DISABLE = "disable"
    DELETE = "delete"
    RESTORE = "restore"
    RELEASE = "release"
    CLOSE = "close"
    EXPORT = "export"
    END_SESSIONS = "end_sessions"
    RESET_FACTORS = "reset_factors"
    ADMIT = "admit"
    MAKE_ADMINISTRATOR = "make_administrator"
    MAKE_MEMBER = "make_member"
    ADD_ADDRESS = "add_address"
    CHOOSE_ADDRESS = "choose_address"


GOVERNING = {
    Power.DISABLE,
    Power.DELETE,
    Power.RESTORE,
    Power.RELEASE,
    Power.END_SESSIONS,
    Power.RESET_FACTORS,
    Power.ADMIT,
    Power.MAKE_ADMINISTRATOR,
    Power.MAKE_MEMBER,
    Power.ADD_ADDRESS,
    Power.CHOOSE_ADDRESS,
}
OVER_ONESELF = {Power.CLOSE, Power.EXPORT, Power.END_SESSIONS, Power.CHOOSE_ADDRESS}


def may(acting_user: User | None, power: Power, user: User) -> bool:
    """Whether `acting_user` (None: the system, or whoever runs its commands) may do that to `user`."""
    if acting_user is None:
        return True
    if not acting_user.is_active:
        return False
    if acting_user.pk == user.pk:
        return power in OVER_ONESELF
    if acting_user.is_operator:
        return True
    return power in GOVERNING and _administers(acting_user, user.tenant)


def scope_of(user: User) -> Scope:
    """Whose rows `user` sees in the administration."""
    if user.is_superuser:
        return EVERYTHING
    return Scope(tenant_id=user.tenant_id) if user.is_administrator else NOTHING


def governs(acting_user: User | None, tenant: Tenant) -> bool:
    """Whether `acting_user` may decide about `tenant` itself: its switches, and who has an account there."""
    if acting_user is None:
        return True
    return acting_user.is_active and (acting_user.is_operator or _administers(acting_user, tenant))


def may_create_in(acting_user: User | None, tenant: Tenant) -> bool:
    """Whether `acting_user` may make accounts in `tenant`."""
    return governs(acting_user, tenant)


def require(acting_user: User | None, power: Power, user: User) -> None:
    """Raises NotAllowed."""
    if not may(acting_user, power, user):
        raise NotAllowed


def require_governs(acting_user: User | None, tenant: Tenant) -> None:
    """Raises NotAllowed."""
    if not governs(acting_user, tenant):
        raise NotAllowed


def require_create_in(acting_user: User | None, tenant: Tenant) -> None:
    """Raises NotAllowed."""
    if not may_create_in(acting_user, tenant):
        raise NotAllowed


def _administers(acting_user: User, tenant: Tenant | None) -> bool:
    return (
        tenant is not None
        and tenant.state == Tenant.State.MANAGED
        and acting_user.role == User.Role.ADMINISTRATOR
        and acting_user.tenant_id == tenant.pk
    )
