"""An account that those who administer the organisation make. It has no password until its owner chooses one.

Who makes it has admitted it by that, whatever its mailbox is called.
"""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from audit.services import record
from tenants import vouching
from tenants.access import require_create_in
from tenants.addresses import Address as TypedAddress
from tenants.exceptions import AddressTaken
from tenants.models import Address, Domain, Tenant, User


@transaction.atomic
def create(
    *,
    address: TypedAddress,
    first_name: str,
    last_name: str,
    language: str,
    acting_user: User | None,
    tenant: Tenant | None = None,
) -> User:
    """In the organisation that has the address's domain; in `tenant` and no other, where it is given.

    Raises NoSuchTenant, OtherOrganisation, NotAllowed, DomainNotVerified, DomainClosed, AddressTaken, or
    NeedsInternationalMail.
    """
    domain = _open_domain(address, tenant, acting_user)
    vouching.require_free(address)
    user = User(
        tenant=domain.tenant,
        email=str(address),
        first_name=first_name,
        last_name=last_name,
        password=make_password(None),
        language=language,
        creation_method=User.CreationMethod.ADMIN,
    )
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            Address.objects.create(address=str(address), domain=domain, user=user)
    except IntegrityError:
        raise AddressTaken from None
    record(
        action="user.created",
        subject=f"user:{user.id}",
        tenant_id=domain.tenant_id,
        acting_user=acting_user,
        details={"creation_method": user.creation_method},
    )
    return user


def _open_domain(address: TypedAddress, tenant: Tenant | None, acting_user: User | None) -> Domain:
    domain = vouching.domain_of(address, of=tenant, lock=True)
    require_create_in(acting_user, domain.tenant)
    vouching.require_vouched(domain, address)
    return domain
