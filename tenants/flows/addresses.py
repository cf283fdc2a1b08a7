"""The addresses of an account: aliases, and which one is the primary, where its mail goes.

Who administers the organisation vouches for an address, in a verified domain; its owner proves it by opening the
mailbox. The domain is held before the account, as a takeover does, so that the two wait for each other and never
in a circle.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.services import record
from outbox.services import enqueue
from tenants import role_mailboxes, signals, vouching
from tenants.access import Power, require
from tenants.address_exceptions import (
    AliasNotProven,
    NoSuchAlias,
    PrimaryAddressStays,
    PrimaryAlready,
)
from tenants.addresses import Address as TypedAddress
from tenants.exceptions import AddressTaken, GoneAlready, NoOrganisation, OtherOrganisation
from tenants.models import Address, Domain, User

GONE = {User.State.DELETED, User.State.CLOSED}


@transaction.atomic
def add_alias(*, user: User, address: TypedAddress, acting_user: User | None) -> Address:
    """One that signs in, and gets no mail.

    Raises NotAllowed, NoOrganisation, GoneAlready, OtherOrganisation, NeedsInternationalMail,
    DomainNotVerified, DomainClosed or AddressTaken.
    """
    require(acting_user, Power.ADD_ADDRESS, user)
    domain, user = _held(user, address)
    vouching.require_vouched(domain, address)
    vouching.require_free(address)
    alias = _add(user, domain, address)
    _record("user.alias_added", user, acting_user, address=str(address))
    return alias


@transaction.atomic
def remove_alias(*, user: User, address: TypedAddress, acting_user: User | None) -> None:
    """It is free for others from then on. Raises NotAllowed, NoSuchAlias or PrimaryAddressStays."""
    require(acting_user, Power.CHOOSE_ADDRESS, user)
    alias = _own(user, address)
    if alias is None:
        raise NoSuchAlias(str(address), str(user))
    if alias.is_primary:
        raise PrimaryAddressStays(str(address))
    alias.delete()
    _record("user.alias_removed", user, acting_user, address=str(address))


@transaction.atomic
def make_primary(*, user: User, address: TypedAddress, acting_user: User | None) -> User:
    """An alias becomes the primary address, which becomes an alias. Its owner can do so once the mailbox is proven.

    Raises NotAllowed, NoOrganisation, GoneAlready, NoSuchAlias, PrimaryAlready or AliasNotProven.
    """
    require(acting_user, Power.CHOOSE_ADDRESS, user)
    _domain, user = _held(user, address)
    alias = _own(user, address)
    if alias is None:
        raise NoSuchAlias(str(address), str(user))
    if acting_user == user and alias.proven_at is None:
        raise AliasNotProven(str(address))
    return _promote(user, alias, keep_old=True, acting_user=acting_user)


@transaction.atomic
def change_address(
    *, user: User, address: TypedAddress, keep_old: bool, acting_user: User | None
) -> User:
    """A new primary address that nobody proved, or an alias. The old one becomes an alias, or goes.

    Raises what `add_alias` raises, or PrimaryAlready.
    """
    require(acting_user, Power.ADD_ADDRESS, user)
    domain, user = _held(user, address)
    alias = _own(user, address)
    if alias is None:
        vouching.require_vouched(domain, address)
        vouching.require_free(address)
        alias = _add(user, domain, address)
    return _promote(user, alias, keep_old=keep_old, acting_user=acting_user)


@transaction.atomic
def change_to_proven(*, user: User, address: TypedAddress, keep_old: bool) -> User:
    """A new primary address, whose mailbox the account's owner has just opened.

    Strangers may read a role mailbox, so who changes to one is in no organisation-wide grant until admitted.
    Raises NotAllowed, NoOrganisation, GoneAlready, OtherOrganisation, NeedsInternationalMail, AddressTaken or PrimaryAlready.
    """
    require(user, Power.CHOOSE_ADDRESS, user)
    domain, user = _held(user, address)
    vouching.require_usable(address)
    alias = _own(user, address)
    if alias is None:
        vouching.require_free(address)
        alias = _add(user, domain, address, is_proven=True)
    Address.objects.filter(pk=alias.pk).update(proven_at=timezone.now(), proof_asked_at=None)
    if role_mailboxes.is_role(address.local_part):
        User.objects.filter(pk=user.pk).update(
            admission=User.Admission.AWAITED, admitted_at=None, admitted_by_id=None
        )
    return _promote(user, alias, keep_old=keep_old, acting_user=user)


def _held(user: User, address: TypedAddress) -> tuple[Domain, User]:
    """The address's domain and the account as it is now, locked in this order.

    Raises NoOrganisation, OtherOrganisation or GoneAlready.
    """
    if user.tenant is None:
        raise NoOrganisation(str(user))
    domain = vouching.domain_of(address, of=user.tenant, lock=True)
    user = User.objects.select_for_update(no_key=True, of=("self",)).get(pk=user.pk)
    if user.tenant_id != domain.tenant_id:
        raise OtherOrganisation(address.domain)
    if user.state in GONE:
        raise GoneAlready(str(user))
    return domain, user


def _own(user: User, address: TypedAddress) -> Address | None:
    return Address.objects.filter(user=user, address=str(address)).first()


def _add(user: User, domain: Domain, address: TypedAddress, *, is_proven: bool = False) -> Address:
    """Raises AddressTaken: somebody was quicker."""
    try:
        with transaction.atomic():
            return Address.objects.create(
                address=str(address),
                domain=domain,
                user=user,
                is_primary=False,
                proven_at=timezone.now() if is_proven else None,
            )
    except IntegrityError:
        raise AddressTaken from None


def _promote(user: User, new: Address, *, keep_old: bool, acting_user: User | None) -> User:
    """Raises PrimaryAlready."""
    if new.is_primary:
        raise PrimaryAlready(new.address)
    old = Address.objects.filter(user=user, is_primary=True)
    if keep_old:
        old.update(is_primary=False)
    else:
        old.delete()
    Address.objects.filter(pk=new.pk).update(is_primary=True)
    before, user.email = user.email, new.address
    user.save(update_fields=("email",))
    _tell(user, before)
    # From its time on, mail to an address that was given up is somebody else's.
    _record(
        "user.address_changed", user, acting_user, before=before, address=new.address, kept=keep_old
    )
    signals.address_changed.send(sender=User, user=user, acting_user=acting_user)
    return User.objects.get(pk=user.pk)


def _tell(user: User, before: str | None) -> None:
    for kind, address in (
        ("tenants.address_left", before),
        ("tenants.address_changed", user.email),
    ):
        if address:
            enqueue(kind=kind, to_address=address, language=user.language)


def _record(action: str, user: User, acting_user: User | None, **personal: object) -> None:
    record(
        action=action,
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
        personal=personal,
        person_id=user.pk,
    )
