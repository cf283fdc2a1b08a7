"""The addresses of a group: in proven domains of its organisation, and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from audit.services import record
from tenants import locks, vouching
from tenants.access import require_fills
from tenants.addresses import Address as TypedAddress
from tenants.exceptions import AddressTaken
from tenants.models import Address, Group, User


@transaction.atomic
def set_addresses(
    *, group: Group, addresses: Sequence[TypedAddress], acting_user: User | None
) -> None:
    """Those and no others; the first is the group's primary one.

    Raises NotAllowed, GroupLimited, OtherOrganisation, NeedsInternationalMail, DomainNotVerified, DomainClosed or
    AddressTaken.
    """
    require_fills(acting_user, group)
    locks.hold(group.tenant_id)
    wanted = list(dict.fromkeys(str(address) for address in addresses))
    held = {address.address: address for address in Address.objects.filter(group=group)}
    new = [address for address in addresses if str(address) not in held]
    rows = {str(address): _vouched(group, address) for address in new}
    Address.objects.filter(group=group).exclude(address__in=wanted).delete()
    Address.objects.filter(group=group).update(is_primary=False)
    try:
        with transaction.atomic():
            Address.objects.bulk_create(rows.values())
    except IntegrityError:
        raise AddressTaken from None
    Address.objects.filter(group=group, address__in=wanted[:1]).update(is_primary=True)
    if list(held) != wanted:
        _record(group, acting_user, added=len(rows), removed=len(held.keys() - set(wanted)))


def _vouched(group: Group, address: TypedAddress) -> Address:
    domain = vouching.domain_of(address, of=group.tenant)
    vouching.require_vouched(domain, address)
    vouching.require_free(address)
    return Address(group=group, address=str(address), domain=domain, is_primary=False)


def _record(group: Group, acting_user: User | None, **details: object) -> None:
    record(
        action="group.addresses_changed",
        subject=f"group:{group.pk}",
        tenant_id=group.tenant_id,
        acting_user=acting_user,
        details=details,
    )
