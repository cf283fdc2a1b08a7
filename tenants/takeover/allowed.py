"""Whether a domain may go from one organisation to another: asked when it is asked for, and again when it is done."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tenants.access import operates
from tenants.models import Domain, DomainProof, Takeover, Tenant, User
from tenants.registrable import is_within
from tenants.selectors import domain_named, is_blocked, parents
from tenants.takeover.exceptions import (
    BlockedHere,
    HeldByManaged,
    NotHeld,
    NotManaged,
    NotProvenHere,
    OnlyDomain,
    OtherHolder,
    OwnAlready,
)
from tenants.takeover.journal import plan_for
from tenants.takeover.limit_exceptions import MovedTooOften
from tenants.takeover.registry import Plan

OFTEN_WITHIN = dt.timedelta(days=7)
MOST_MOVES = 4


def external(domain_name: str, target: Tenant) -> tuple[Plan, DomainProof]:
    """Raises a TakeoverRefused. Who has not proven the domain does not learn whether anybody signed up there: what
    nobody administers and what nobody has are the same to them.
    """
    domain = domain_named(domain_name)
    if domain is not None and domain.tenant_id == target.pk:
        raise OwnAlready(domain_name)
    if is_blocked(domain_name):
        raise BlockedHere(domain_name)
    if target.state != Tenant.State.MANAGED:
        raise NotManaged(target.name)
    if domain is not None and domain.tenant.state == Tenant.State.MANAGED:
        raise HeldByManaged(domain_name)
    proof = proof_of(domain_name, target)
    if domain is None:
        raise NotHeld(domain_name)
    return plan_for(domain, target), proof


def refuse_often(domain_name: str, acting_user: User | None) -> None:
    """All people of a domain get a mail each time. Raises MovedTooOften."""
    moved = Takeover.objects.filter(
        domain_name=domain_name,
        kind__in=(Takeover.Kind.EXTERNAL, Takeover.Kind.HAND_OVER),
        done_at__gt=timezone.now() - OFTEN_WITHIN,
    )
    if not operates(acting_user) and moved.count() >= MOST_MOVES:
        raise MovedTooOften(domain_name)


def hand_over(domain_name: str, source: Tenant, target: Tenant) -> Domain:
    """Raises a TakeoverRefused."""
    domain = Domain.objects.select_related("tenant").filter(name=domain_name, tenant=source).first()
    if domain is None:
        raise OtherHolder(domain_name)
    if source.pk == target.pk:
        raise OwnAlready(domain_name)
    for one in (source, target):
        if one.state != Tenant.State.MANAGED:
            raise NotManaged(one.name)
    if not Domain.objects.filter(tenant=source).exclude(pk=domain.pk).exists():
        raise OnlyDomain(domain_name)
    return domain


def proof_of(domain_name: str, target: Tenant) -> DomainProof:
    """That `target` has of the domain, or of one above it that the same registrant has. Raises NotProvenHere."""
    names = [
        name for name in parents(domain_name) if name == domain_name or is_within(domain_name, name)
    ]
    proven = DomainProof.objects.filter(
        tenant=target,
        domain_name__in=names,
        state=DomainProof.State.PROVEN,
        proof_lost_at__isnull=True,
    )
    nearest = max(proven, key=lambda proof: len(proof.domain_name), default=None)
    if nearest is None:
        raise NotProvenHere(domain_name)
    return nearest


def is_proven(domain_name: str, target: Tenant) -> bool:
    try:
        proof_of(domain_name, target)
    except NotProvenHere:
        return False
    return True
