"""A tenant's domains: added once they are proven, and removed while nobody uses them."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from audit.services import record
from tenants import locks, signals
from tenants.access import require_governs
from tenants.models import Address, Domain, DomainProof, Tenant, User
from tenants.selectors import domain_named
from tenants.takeover.exceptions import AddressesLeft, OnlyDomain, OtherHolder
from tenants.takeover.notices import tell_who_proved


def follow_proof(proof: DomainProof, acting_user: User | None) -> None:
    """What a managed tenant proved becomes its own, where nobody has it. Where an unmanaged tenant has it, its
    people are told, and `take_over` is the administrator's decision.
    """
    domain = domain_named(proof.domain_name) or _added(proof, acting_user)
    if domain.tenant_id == proof.tenant_id:
        return
    if domain.tenant.state == Tenant.State.UNMANAGED:
        tell_who_proved(
            tenant=domain.tenant,
            domain_name=proof.domain_name,
            organisation=proof.tenant.name,
        )


def _added(proof: DomainProof, acting_user: User | None) -> Domain:
    """Somebody who signs up at the same instant may be first."""
    try:
        with transaction.atomic():
            domain = Domain.objects.create(
                name=proof.domain_name, tenant=proof.tenant, state=Domain.State.VERIFIED
            )
    except IntegrityError:
        return Domain.objects.select_related("tenant").get(name=proof.domain_name)
    signals.domain_changed_hands.send(Domain, domain_name=domain.name)
    _record("domain.added", domain, acting_user)
    return domain


@transaction.atomic
def remove(*, domain_name: str, tenant: Tenant, acting_user: User | None) -> None:
    """Raises NotAllowed, OtherHolder, OnlyDomain or AddressesLeft."""
    require_governs(acting_user, tenant)
    locks.hold(tenant.pk)
    domain = Domain.objects.select_for_update().filter(name=domain_name, tenant=tenant).first()
    if domain is None:
        raise OtherHolder(domain_name)
    require_removable(domain)
    proofs = DomainProof.objects.filter(domain_name=domain_name, tenant=tenant)
    proofs.filter(state__in=(DomainProof.State.WAITING, DomainProof.State.PROVEN)).update(
        state=DomainProof.State.SUPERSEDED, next_check_at=None
    )
    _record("domain.removed", domain, acting_user)
    domain.delete()
    signals.domain_changed_hands.send(Domain, domain_name=domain_name)


def require_removable(domain: Domain) -> None:
    """Raises OnlyDomain or AddressesLeft."""
    if not Domain.objects.filter(tenant=domain.tenant_id).exclude(pk=domain.pk).exists():
        raise OnlyDomain(domain.name)
    left = Address.objects.filter(domain=domain).count()
    if left:
        raise AddressesLeft(domain.name, left)


def _record(action: str, domain: Domain, acting_user: User | None) -> None:
    record(
        action=action,
        subject=f"domain:{domain.name}",
        tenant_id=domain.tenant_id,
        acting_user=acting_user,
    )
