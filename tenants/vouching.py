"""Addresses that nobody proved by opening their mailbox: whoever administers the organisation vouches for them,
which takes a domain that is verified. One check for every door that makes such addresses.
"""

from __future__ import annotations

from django.utils import timezone

from tenants import locks
from tenants.addresses import Address as TypedAddress
from tenants.addresses import NeedsInternationalMail
from tenants.exceptions import (
    AddressOfGroup,
    AddressTaken,
    DomainClosed,
    DomainNotVerified,
    NoSuchTenant,
    OtherOrganisation,
)
from tenants.joining import Door, doors
from tenants.models import Address, Domain, Tenant, User
from tenants.takeover.exceptions import UnderWay
from tenants.tombstones import spellings


def domain_of(address: TypedAddress, *, of: Tenant | None, lock: bool = False) -> Domain:
    """Its domain, which is one of the organisation's, where one is given.

    Raises OtherOrganisation, also where no organisation has it, which nobody learns from this; NoSuchTenant; UnderWay.
    """
    domains = Domain.objects.select_related("tenant").filter(name=address.domain)
    domain = domains.first()
    if lock and domain is not None and (of is None or domain.tenant_id == of.pk):
        locks.hold(domain.tenant_id)
        held = domains.filter(tenant=domain.tenant_id)
        domain = held.select_for_update(no_key=True, of=("self",)).first()
        if domain is None:  # gone to another organisation at this moment
            raise UnderWay(address.domain)
    if of is not None and (domain is None or domain.tenant_id != of.pk):
        raise OtherOrganisation(address.domain)
    if domain is None:
        raise NoSuchTenant(address.domain)
    return domain


def require_vouched(domain: Domain, address: TypedAddress) -> None:
    """Whether an address may be made in its `domain` without a proof.

    Raises NeedsInternationalMail, DomainNotVerified or DomainClosed.
    """
    require_usable(address)
    if domain.state != Domain.State.VERIFIED:
        raise DomainNotVerified(address.domain)
    if not doors(domain, Door.ADMINISTRATION, now=timezone.now()).may_create:
        raise DomainClosed(address.domain)


def require_usable(address: TypedAddress) -> None:
    """Raises NeedsInternationalMail."""
    if not address.local_part.isascii():
        raise NeedsInternationalMail


def require_free(address: TypedAddress) -> None:
    """Whether nobody has it: no account, group or operator, nor a deleted account for which it is reserved.

    Raises AddressOfGroup or AddressTaken.
    """
    if is_of_group(str(address)):
        raise AddressOfGroup
    if is_taken(str(address)):
        raise AddressTaken


def is_of_group(address: str) -> bool:
    return Address.objects.filter(address__in=spellings(address), group__isnull=False).exists()


def is_taken(address: str) -> bool:
    names = spellings(address)
    held = Address.objects.filter(address__in=names)
    return held.exists() or User.objects.filter(email__in=names, tenant=None).exists()
