"""Telling the people of a domain who governs it, or wants to: by mail once, and in their sessions for some days."""

from __future__ import annotations

import datetime as dt
import uuid

from django.db.models import Q, QuerySet
from django.utils import timezone

from outbox.services import enqueue_many
from tenants import locks
from tenants.models import Takeover, TakeoverNotice, Tenant, User

Stage = TakeoverNotice.Stage
# Whoever asks again and again has others told no more often than this.
MOST_OFTEN = dt.timedelta(days=7)
SHOWN_FOR = {
    Stage.ASKED: MOST_OFTEN,
    Stage.PROVEN: MOST_OFTEN,
    Stage.TAKEN: dt.timedelta(days=30),
    Stage.ENDED: dt.timedelta(days=7),
}


def tell(
    *,
    stage: TakeoverNotice.Stage,
    tenant: Tenant,
    people: QuerySet[User],
    domain_name: str = "",
    person_id: uuid.UUID | None = None,
    organisation: str = "",
    takeover: Takeover | None = None,
) -> TakeoverNotice:
    """Tells all active `people` of `tenant`, in the transaction at hand. What they were told before is over."""
    now = timezone.now()
    _current(tenant, domain_name).update(until=now)
    notice = TakeoverNotice.objects.create(
        stage=stage,
        tenant_id=tenant.pk,
        domain_name=domain_name,
        person_id=person_id,
        organisation=organisation,
        takeover=takeover,
        at=now,
        until=now + SHOWN_FOR[stage],
    )
    active = people.filter(state=User.State.ACTIVE, email__isnull=False).order_by()
    notice.told = enqueue_many(
        kind="tenants.takeover",
        recipients=active.values_list("email", "language"),  # type: ignore[arg-type]
        context={"notice": str(notice.pk)},
    )
    notice.save(update_fields=("told",))
    return notice


def tell_who_asks(*, tenant: Tenant, person_id: uuid.UUID) -> None:
    """A member wants to become the administrator: all others hear of it, at most once in seven days."""
    # The tenant's row decides who of two who ask at once comes first.
    locks.hold(tenant.pk)
    told = TakeoverNotice.objects.filter(tenant_id=tenant.pk, stage=Stage.ASKED)
    if not told.filter(at__gt=timezone.now() - MOST_OFTEN).exists():
        people = User.objects.filter(tenant=tenant)
        tell(stage=Stage.ASKED, tenant=tenant, people=people, person_id=person_id)


def tell_who_proved(*, tenant: Tenant, domain_name: str, organisation: str) -> None:
    """Another organisation proved a domain of `tenant`, and may take it over."""
    told = TakeoverNotice.objects.filter(
        tenant_id=tenant.pk, stage=Stage.PROVEN, domain_name=domain_name, organisation=organisation
    )
    if told.filter(at__gt=timezone.now() - MOST_OFTEN).exists():
        return
    tell(
        stage=Stage.PROVEN,
        tenant=tenant,
        people=User.objects.filter(tenant=tenant, email__endswith=f"@{domain_name}"),
        domain_name=domain_name,
        organisation=organisation,
    )


def notices_for(user: User) -> list[TakeoverNotice]:
    """What this account was told and may still see in its session, the newest first. One query."""
    if user.tenant_id is None:
        return []
    domain = (user.email or "").rpartition("@")[2]
    notices = TakeoverNotice.objects.filter(tenant_id=user.tenant_id, until__gt=timezone.now())
    return list(notices.filter(Q(domain_name="") | Q(domain_name=domain), at__gte=user.created_at))


def _current(tenant: Tenant, domain_name: str) -> QuerySet[TakeoverNotice]:
    notices = TakeoverNotice.objects.filter(tenant_id=tenant.pk, until__gt=timezone.now())
    return notices.filter(domain_name=domain_name) if domain_name else notices
