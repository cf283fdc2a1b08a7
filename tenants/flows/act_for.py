"""An operator acts for an organisation: sees the administration as its administrators do, for half an hour.

The organisation's log has why, and each thing that was done meanwhile. It lends no sign-in: password, factors,
sessions and the account's page stay the operator's own.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from audit.services import record
from tenants.access import require_acts_for
from tenants.exceptions import NotItsAdministrator
from tenants.models import ActingFor, Tenant, User
from tenants.selectors import administrators_of

LASTS = dt.timedelta(minutes=30)


@transaction.atomic
def begin(
    *,
    tenant: Tenant,
    administrator: User | None,
    reason: str,
    acting_user: User,
    instead_of: ActingFor | None = None,
) -> ActingFor:
    """Ends `instead_of`, so that one acts for one organisation at a time, each with its own reason.

    Raises NotAllowed or NotItsAdministrator.
    """
    require_acts_for(acting_user)
    if administrator and not administrators_of(tenant).filter(pk=administrator.pk).exists():
        raise NotItsAdministrator(str(administrator))
    if instead_of:
        end(acting=instead_of)
    now = timezone.now()
    acting = ActingFor.objects.create(
        operator=acting_user,
        tenant=tenant,
        administrator=administrator,
        reason=reason,
        began_at=now,
        ends_at=now + LASTS,
    )
    _record("operator.began_to_act", acting, reason=reason, until=acting.ends_at.isoformat())
    return acting


@transaction.atomic
def end(*, acting: ActingFor) -> None:
    """Nothing, where it has ended already."""
    hit = ActingFor.objects.filter(pk=acting.pk, ended_at__isnull=True).update(
        ended_at=timezone.now()
    )
    if hit:
        _record("operator.ceased_to_act", acting)


def _record(action: str, acting: ActingFor, *, reason: str = "", **details: object) -> None:
    """Why somebody acts may be about the administrator on whose behalf it is: it goes when they are erased."""
    told = {"reason": reason} if reason else {}
    whose = acting.administrator
    record(
        action=action,
        subject=f"tenant:{acting.tenant_id}",
        tenant_id=acting.tenant_id,
        acting_user=acting.operator,
        on_behalf_of=acting.administrator or acting.tenant,
        details={"acting": str(acting.pk), **details, **({} if whose else told)},
        personal=told if whose and told else None,
        person_id=whose.pk if whose else None,
    )
