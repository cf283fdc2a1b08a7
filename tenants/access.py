"""Who may do what to whose account. What no line here allows is refused.

An operator who acts for an organisation may do there what its administrators may, and nothing else: see
docs/decisions/0044-acting-for-lends-an-administrators-powers.md.
"""

from __future__ import annotations

import datetime as dt
import uuid
from enum import Enum

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime

from audit import origin
from audit.scope import EVERYTHING, NOTHING, Scope
from tenants.exceptions import HeldByOperator, NotAllowed
from tenants.models import Group, MovedRow, Takeover, Tenant, User
from tenants.takeover.exceptions import OperatorsOnly
from tenants.takeover.limit_exceptions import GroupLimited, Limited
from tenants.takeover.registry import GROUP, PERSON


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
# What a new administrator does not do, for 72 hours, to accounts that were there before. Mail for a new password
# goes to an account's address, so whoever gives it another one has the account.
LIMITED = {
    Power.DELETE,
    Power.RELEASE,
    Power.RESET_FACTORS,
    Power.ADD_ADDRESS,
    Power.CHOOSE_ADDRESS,
}
# What somebody could use an account for again that an operator has switched off, or its address.
OF_HELD = {Power.RESTORE, Power.RELEASE, Power.ADD_ADDRESS, Power.CHOOSE_ADDRESS}
IN_FORCE = (Takeover.State.DONE, Takeover.State.UNDOING)


def may(acting_user: User | None, power: Power, user: User) -> bool:
    """Whether `acting_user` (None: the system, or whoever runs its commands) may do that to `user`."""
    if acting_user is None:
        return True
    if not acting_user.is_active:
        return False
    if acting_user.pk == user.pk:
        return power in OVER_ONESELF
    if operates(acting_user):
        return True
    if power not in GOVERNING or not _administers(acting_user, user.tenant):
        return False
    if user.held_at and power in OF_HELD:
        return False
    return power not in LIMITED or limited_until(user) is None


def needs_second_person(acting_user: User | None, user: User) -> bool:
    """Whether `acting_user` resets the second factors of `user` only with somebody else's consent."""
    if operates(acting_user):
        return False
    return user.role == User.Role.ADMINISTRATOR


def scope_of(user: User) -> Scope:
    """Whose rows `user` sees in the administration."""
    if user.is_superuser:
        return EVERYTHING
    return Scope(tenant_id=user.tenant_id) if user.is_administrator else NOTHING


def governs(acting_user: User | None, tenant: Tenant) -> bool:
    """Whether `acting_user` may decide about `tenant` itself: its switches, and who has an account there."""
    if acting_user is None:
        return True
    return operates(acting_user) or (acting_user.is_active and _administers(acting_user, tenant))


def operates(acting_user: User | None) -> bool:
    """Whether `acting_user` may decide about the installation: operators, unless they act for an organisation."""
    if acting_user is None:
        return True
    return acting_user.is_superuser and acting_for(acting_user) is None


def limited_until(user: User) -> dt.datetime | None:
    """Until when those who took over the organisation of `user`, who was there before, are limited."""
    return _limited_for(user, PERSON)


def group_limited_until(group: Group) -> dt.datetime | None:
    """Likewise for a group: whoever is put into one opens what it could open before."""
    return _limited_for(group, GROUP)


def _limited_for(row: User | Group, kind: str) -> dt.datetime | None:
    before = _limited(row.tenant_id).filter(done_at__gt=row.created_at)
    came = MovedRow.objects.filter(takeover=OuterRef("pk"), kind=kind, row_id=row.pk)
    until = _latest(before.filter(Q(kind=Takeover.Kind.INTERNAL) | Exists(came)))
    return max(filter(None, (until, _limited_after_return(row, kind))), default=None)


def _limited_after_return(row: User | Group, kind: str) -> dt.datetime | None:
    """Who comes back to an organisation that nobody administered when they went, and somebody does by now, is as
    new to its administrators as they are to them.
    """
    limit = dt.timedelta(hours=settings.TAKEOVER_LIMITED_HOURS)
    back = MovedRow.objects.filter(
        takeover__source_tenant_id__in=[row.tenant_id],
        takeover__kind=Takeover.Kind.EXTERNAL,
        takeover__undone_at__gt=timezone.now() - limit,
        kind=kind,
        row_id=row.pk,
        is_back=True,
    )
    undone = back.order_by("-takeover__undone_at").values_list("takeover__undone_at", flat=True)
    at = undone.first()
    return at + limit if at else None


def tenant_limited_until(tenant: Tenant) -> dt.datetime | None:
    """Until when there are such accounts in `tenant`."""
    return _latest(_limited(tenant.pk))


def _limited(tenant_id: uuid.UUID | None) -> QuerySet[Takeover]:
    """Until it is undone, a takeover limits: also while somebody waits for that."""
    taken = Takeover.objects.filter(target_tenant_id__in=[tenant_id], state__in=IN_FORCE)
    return taken.filter(limited_until__gt=timezone.now())


def _latest(takeovers: QuerySet[Takeover]) -> dt.datetime | None:
    return takeovers.order_by("-limited_until").values_list("limited_until", flat=True).first()


def may_create_in(acting_user: User | None, tenant: Tenant) -> bool:
    """Whether `acting_user` may make accounts in `tenant`."""
    return governs(acting_user, tenant)


def require(acting_user: User | None, power: Power, user: User) -> None:
    """Raises NotAllowed, HeldByOperator where operators alone may, or Limited where it may be done later."""
    if may(acting_user, power, user):
        return
    if acting_user is None or not _administers(acting_user, user.tenant):
        raise NotAllowed
    if user.held_at and power in OF_HELD:
        raise HeldByOperator(str(user))
    until = limited_until(user) if power in LIMITED else None
    if until:
        raise Limited(date_format(localtime(until), "DATETIME_FORMAT"))
    raise NotAllowed


def require_acts_for(acting_user: User) -> None:
    """Whether `acting_user` may act for organisations. Raises NotAllowed."""
    if not acting_user.is_superuser:
        raise NotAllowed


def require_governs(acting_user: User | None, tenant: Tenant) -> None:
    """Raises NotAllowed."""
    if not governs(acting_user, tenant):
        raise NotAllowed


def require_fills(acting_user: User | None, group: Group) -> None:
    """Whether `acting_user` may say who is in `group`, by whatever way, or where its mail goes. Raises NotAllowed, or
    GroupLimited where it may be done later.
    """
    require_governs(acting_user, group.tenant)
    until = None if operates(acting_user) else group_limited_until(group)
    if until:
        raise GroupLimited(date_format(localtime(until), "DATETIME_FORMAT"))


def require_operates(acting_user: User | None) -> None:
    """Raises OperatorsOnly."""
    if not operates(acting_user):
        raise OperatorsOnly


def require_create_in(acting_user: User | None, tenant: Tenant) -> None:
    """Raises NotAllowed."""
    if not may_create_in(acting_user, tenant):
        raise NotAllowed


def _administers(acting_user: User, tenant: Tenant | None) -> bool:
    if tenant is None:
        return False
    if acting_user.is_superuser:
        return acting_for(acting_user) == tenant.pk
    return (
        tenant.state == Tenant.State.MANAGED
        and acting_user.role == User.Role.ADMINISTRATOR
        and acting_user.tenant_id == tenant.pk
    )


def acting_for(operator: User) -> uuid.UUID | None:
    """The organisation for which `operator` acts at this moment, also one that nobody administers."""
    here = origin.current().on_behalf_of
    return here.tenant_id if here and here.operator_id == operator.pk else None
