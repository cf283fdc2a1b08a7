"""Handing a domain to another managed tenant: one offers it, the other accepts within seven days.

What moves, and how it is undone, is as in a takeover.
"""

from __future__ import annotations

import datetime as dt

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.services import record
from tenants.access import governs, operates, require_governs
from tenants.flows import take_over
from tenants.models import DomainHandOver, Takeover, Tenant, User
from tenants.selectors import domain_named
from tenants.takeover import allowed
from tenants.takeover.exceptions import NoOffer, NotHeld, OfferedAlready, WhoOfferedMayNotAnyMore
from tenants.takeover.journal import lines_of, plan_for, prepare
from tenants.takeover.limit_exceptions import TooManyOffers
from tenants.takeover.registry import Line

LIFE = dt.timedelta(days=7)
DAY = dt.timedelta(days=1)
MOST_A_DAY = 20
State = DomainHandOver.State


@transaction.atomic
def offer(
    *, domain_name: str, tenant: Tenant, to: Tenant, acting_user: User | None
) -> DomainHandOver:
    """`tenant` offers its domain to another one. Raises NotAllowed or a TakeoverRefused."""
    require_governs(acting_user, tenant)
    allowed.hand_over(domain_name, tenant, to)
    now = timezone.now()
    _refuse_too_many(tenant, acting_user, now)
    offers_of(domain_name).filter(expires_at__lte=now).update(
        state=State.WITHDRAWN, answered_at=now
    )
    try:
        with transaction.atomic():
            made = DomainHandOver.objects.create(
                domain_name=domain_name,
                source_tenant_id=tenant.pk,
                target_tenant_id=to.pk,
                offered_by_id=acting_user.pk if acting_user else None,
                expires_at=now + LIFE,
            )
    except IntegrityError:
        raise OfferedAlready(domain_name) from None
    _record("domain.offered", made, acting_user)
    return made


def _refuse_too_many(tenant: Tenant, acting_user: User | None, now: dt.datetime) -> None:
    """Each stands in the log of the other organisation too."""
    made = DomainHandOver.objects.filter(source_tenant_id=tenant.pk, offered_at__gt=now - DAY)
    if not operates(acting_user) and made.count() >= MOST_A_DAY:
        raise TooManyOffers(MOST_A_DAY)


def preview_for_giver(*, domain_name: str, to: Tenant) -> list[Line]:
    """As `preview`, less what nobody outside `to` is told of it: whoever offers has no consent yet."""
    return [line for line in preview(domain_name=domain_name, to=to) if not line.tells_of_target]


def preview(*, domain_name: str, to: Tenant) -> list[Line]:
    """What would go along. Raises NotHeld."""
    domain = domain_named(domain_name)
    if domain is None:
        raise NotHeld(domain_name)
    return lines_of(plan_for(domain, to))


def withdraw(*, domain_name: str, tenant: Tenant, acting_user: User | None) -> None:
    """By the one who offered it. Raises NotAllowed or NoOffer."""
    _end(domain_name, {"source_tenant_id": tenant.pk}, tenant, State.WITHDRAWN, acting_user)


def decline(*, domain_name: str, tenant: Tenant, acting_user: User | None) -> None:
    """By the one to whom it was offered. Raises NotAllowed or NoOffer."""
    _end(domain_name, {"target_tenant_id": tenant.pk}, tenant, State.DECLINED, acting_user)


def accept(*, domain_name: str, tenant: Tenant, acting_user: User | None) -> Takeover:
    """`begin_to_accept`, and does it. Raises NotAllowed or a TakeoverRefused."""
    begun = begin_to_accept(domain_name=domain_name, tenant=tenant, acting_user=acting_user)
    return take_over.run(begun.pk)


@transaction.atomic
def begin_to_accept(*, domain_name: str, tenant: Tenant, acting_user: User | None) -> Takeover:
    """The domain and what belongs to it shall go to `tenant`; `take_over.run` does it. Raises NotAllowed or a
    TakeoverRefused.
    """
    made = _end(domain_name, {"target_tenant_id": tenant.pk}, tenant, State.ACCEPTED, acting_user)
    source = Tenant.objects.get(pk=made.source_tenant_id)
    _require_offerer(made, source)
    domain = allowed.hand_over(domain_name, source, tenant)
    allowed.refuse_often(domain_name, acting_user)
    takeover = prepare(
        kind=Takeover.Kind.HAND_OVER, plan=plan_for(domain, tenant), acting_user=acting_user
    )
    DomainHandOver.objects.filter(pk=made.pk).update(takeover=takeover)
    return takeover


def _require_offerer(made: DomainHandOver, source: Tenant) -> None:
    """Whoever was found out and lost the role must not give a domain away by an offer from before."""
    if made.offered_by_id is None:
        return
    offerer = User.objects.filter(pk=made.offered_by_id).first()
    if offerer is None or not governs(offerer, source):
        raise WhoOfferedMayNotAnyMore(made.domain_name)


@transaction.atomic
def _end(
    domain_name: str,
    whose: dict[str, object],
    tenant: Tenant,
    became: DomainHandOver.State,
    acting_user: User | None,
) -> DomainHandOver:
    require_governs(acting_user, tenant)
    now = timezone.now()
    open_offer = offers_of(domain_name).filter(expires_at__gt=now, **whose)
    made = open_offer.first()
    answer = {"state": became, "answered_at": now}
    answer["answered_by_id"] = acting_user.pk if acting_user else None
    if made is None or open_offer.filter(pk=made.pk).update(**answer) != 1:
        raise NoOffer(domain_name)
    _record(f"domain.offer_{became.value}", made, acting_user)
    return made


def offers_of(domain_name: str) -> QuerySet[DomainHandOver]:
    return DomainHandOver.objects.filter(domain_name=domain_name, state=State.OFFERED)


def open_offer(domain_name: str) -> DomainHandOver | None:
    """The one that can be answered now."""
    return offers_of(domain_name).filter(expires_at__gt=timezone.now()).first()


def get_offer(domain_name: str) -> DomainHandOver:
    """As `open_offer`. Raises NoOffer."""
    made = open_offer(domain_name)
    if made is None:
        raise NoOffer(domain_name)
    return made


def offers_for(tenant: Tenant) -> QuerySet[DomainHandOver]:
    """Those that `tenant` can answer now."""
    waiting = DomainHandOver.objects.filter(target_tenant_id=tenant.pk, state=State.OFFERED)
    return waiting.filter(expires_at__gt=timezone.now())


def _record(action: str, made: DomainHandOver, acting_user: User | None) -> None:
    for tenant_id in (made.source_tenant_id, made.target_tenant_id):
        record(
            action=action,
            subject=f"domain:{made.domain_name}",
            tenant_id=tenant_id,
            acting_user=acting_user,
            details={
                "offer": str(made.pk),
                "from": str(made.source_tenant_id),
                "to": str(made.target_tenant_id),
            },
        )
