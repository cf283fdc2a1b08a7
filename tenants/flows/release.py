"""Releasing a managed tenant's domain that it lost: the operator's decision, for whoever has proven it since.

The accounts stay with the tenant that they were in, and with what they protected. Their addresses in the domain are
free, so that whoever has these mailboxes now can have accounts of their own, which inherit nothing.
"""

from __future__ import annotations

import uuid

from django.utils import timezone

from tenants import signals
from tenants.access import require_operates
from tenants.address_check import require_kept
from tenants.models import (
    Address,
    Domain,
    DomainProof,
    Group,
    PendingErasure,
    Takeover,
    Tenant,
    User,
)
from tenants.selectors import domain_named, has_lapsed
from tenants.takeover.exceptions import NotHeld, NotReleasable, ReasonNeeded
from tenants.takeover.journal import actor, finish, lock, note, prepare, settle, step
from tenants.takeover.registry import Plan
from tenants.tombstones import PREFIX

State = DomainProof.State
AT_ONCE = 500


def release(*, domain_name: str, reason: str, acting_user: User | None) -> Takeover:
    """Gives the domain to the tenant that has proven it since. Raises OperatorsOnly, ReasonNeeded, NotHeld,
    NotReleasable or UnderWay.
    """
    takeover = begin(domain_name=domain_name, reason=reason, acting_user=acting_user)
    return settle(takeover.pk, Takeover.State.PREPARED, move)


def begin(
    *,
    domain_name: str,
    reason: str,
    acting_user: User | None,
    taker_id: uuid.UUID | None = None,
) -> Takeover:
    """Notes what shall be done; `take_over.run` does it. Raises what `release` raises, and NotReleasable where
    `taker_id`, if given, is not who gets it.
    """
    require_operates(acting_user)
    if not reason.strip():
        raise ReasonNeeded
    domain = domain_named(domain_name)
    if domain is None:
        raise NotHeld(domain_name)
    proof = fresh_proof(domain)
    if taker_id not in {None, proof.tenant_id}:
        raise NotReleasable(domain_name)
    return prepare(
        kind=Takeover.Kind.RELEASE,
        plan=Plan(domain, domain.tenant, proof.tenant, is_whole=False),
        acting_user=acting_user,
        proof_id=proof.pk,
        reason=reason,
    )


def fresh_proof(domain: Domain) -> DomainProof:
    """The newest proof of another managed tenant, made after the holder lost its own for 30 days. Raises
    NotReleasable.
    """
    proven = DomainProof.objects.select_related("tenant").filter(
        domain_name=domain.name, state=State.PROVEN, tenant__state=Tenant.State.MANAGED
    )
    others = proven.filter(proof_lost_at__isnull=True).exclude(tenant=domain.tenant)
    fresh = others.order_by("-proven_at").first()
    if fresh is None or not has_lapsed(domain.name, timezone.now()):
        raise NotReleasable(domain.name)
    return fresh


def move(takeover: Takeover) -> None:
    """In the transaction at hand, and under its locks."""
    domain, source, target = lock(takeover, takeover.source_tenant_id)
    acting_user = actor(takeover.actor_id)
    require_operates(acting_user)
    if fresh_proof(domain).tenant_id != target.pk:
        raise NotReleasable(domain.name)
    _leave_addresses(domain)
    step(takeover, "addresses")
    lost = DomainProof.objects.filter(domain_name=domain.name, tenant=source)
    lost.filter(state__in=(State.WAITING, State.PROVEN)).update(
        state=State.SUPERSEDED, next_check_at=None
    )
    Domain.objects.filter(pk=domain.pk).update(tenant=target, state=Domain.State.VERIFIED)
    signals.domain_changed_hands.send(Domain, domain_name=domain.name)
    step(takeover, "domain")
    require_kept((source.pk, target.pk))
    finish(takeover)
    for tenant in (source, target):
        note("domain.released", takeover, tenant.pk, acting_user, reason=takeover.reason)


def _leave_addresses(domain: Domain) -> None:
    """Who has an alias in another domain goes by it from now on; anybody else by a tombstone, until an administrator
    gives them an address.
    """
    people = list(User.objects.filter(addresses__domain=domain, addresses__is_primary=True))
    groups = Group.objects.filter(addresses__domain=domain, addresses__is_primary=True)
    group_ids = list(groups.values_list("pk", flat=True))
    PendingErasure.objects.filter(user__in=people).update(addresses=[])
    Address.objects.filter(domain=domain).delete()
    aliases = _first_by("user_id", [user.pk for user in people])
    for user in people:
        alias = aliases.get(user.pk)
        user.email = alias.address if alias else f"{PREFIX}{user.pk}"
    User.objects.bulk_update(people, ["email"], batch_size=AT_ONCE)
    promoted = [*aliases.values(), *_first_by("group_id", group_ids).values()]
    Address.objects.filter(pk__in=[alias.pk for alias in promoted]).update(is_primary=True)


def _first_by(holder: str, ids: list[uuid.UUID]) -> dict[uuid.UUID, Address]:
    """An alias of each, those that somebody proved before others."""
    rows = Address.objects.filter(**{f"{holder}__in": ids}).order_by("-proven_at", "address")
    found: dict[uuid.UUID, Address] = {}
    for alias in rows:
        found.setdefault(getattr(alias, holder), alias)
    return found
