"""Whether an account whose mailbox strangers may read is among *the organisation* in a grant."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from audit.services import record
from tenants.access import Power, require
from tenants.exceptions import AdmittedAlready, NoOrganisation, NotAdmitted
from tenants.models import User

Admission = User.Admission


@transaction.atomic
def admit(*, user: User, acting_user: User | None) -> None:
    """Raises NotAllowed, NoOrganisation or AdmittedAlready."""
    _require_organisation(user)
    require(acting_user, Power.ADMIT, user)
    hit = User.objects.filter(pk=user.pk, admission=Admission.AWAITED).update(
        admission=Admission.ADMITTED,
        admitted_at=timezone.now(),
        admitted_by_id=acting_user.id if acting_user else None,
    )
    if not hit:
        raise AdmittedAlready(str(user))
    _record("user.admitted", user, acting_user)


@transaction.atomic
def take_back(*, user: User, acting_user: User | None) -> None:
    """Also for an account that never needed admission: its mailbox turned out to be shared.

    Raises NotAllowed, NoOrganisation or NotAdmitted.
    """
    _require_organisation(user)
    require(acting_user, Power.ADMIT, user)
    hit = (
        User.objects.filter(pk=user.pk)
        .exclude(admission=Admission.AWAITED)
        .update(admission=Admission.AWAITED, admitted_at=None, admitted_by_id=None)
    )
    if not hit:
        raise NotAdmitted(str(user))
    _record("user.admission_taken_back", user, acting_user)


def _require_organisation(user: User) -> None:
    if user.tenant_id is None:
        raise NoOrganisation(str(user))


def _record(action: str, user: User, acting_user: User | None) -> None:
    record(
        action=action,
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
    )
