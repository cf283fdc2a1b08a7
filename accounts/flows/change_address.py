"""A new address for one's own account: a mail to it proves it, and its button changes it.

The button counts only for whoever is signed in to the account, so that neither a scanner nor a stranger who reads
the mailbox changes anything. Whether an address is free is told by the mail alone, to whoever reads that mailbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from django.db import transaction
from django.utils import timezone

from accounts.exceptions import AddressUnchangeable, DomainUnusable, OwnAlready
from limits.limit import Limit
from outbox import links
from outbox.models import MailLink
from outbox.services import enqueue
from tenants import vouching
from tenants.access import Power, require
from tenants.addresses import Address as TypedAddress
from tenants.addresses import parse
from tenants.flows.addresses import change_to_proven
from tenants.models import Address, User
from tenants.selectors import has_lapsed, is_blocked

PURPOSE = KIND = "accounts.new_address"
TAKEN = "accounts.address_taken"
MAILS = Limit("accounts.new_address_mail", "1 a minute, 3 an hour, 6 a day")
ASKED = Limit("accounts.new_address_asked", "10 an hour, 30 a day")
# Their addresses come from the organisation's directory, which would bring the old one back.
OF_A_DIRECTORY = {User.CreationMethod.SYNC, User.CreationMethod.FEDERATED}


class LinkState(Enum):
    GOOD = "good"
    DONE = "the address is that of the account"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Opening:
    """A link that somebody opened, and whose new address it is about; None where it is unknown."""

    state: LinkState
    link: MailLink | None = None
    user: User | None = None

    @property
    def address(self) -> str:
        return self.link.address if self.link else ""

    @property
    def keeps_old(self) -> bool:
        return bool(self.link and self.link.mail.context.get("keep_old"))


def may_change(user: User) -> bool:
    return user.tenant_id is not None and user.creation_method not in OF_A_DIRECTORY


def ask(*, user: User, address: TypedAddress, keep_old: bool, language: str, browser: str) -> None:
    """One mail to the new address, whether or not somebody has it; none over a limit, which is not told either.

    Raises NotAllowed, AddressUnchangeable, OwnAlready, OtherOrganisation, NeedsInternationalMail or
    DomainUnusable.
    """
    _require_usable(user, address)
    if not ASKED.take(str(user.pk)) or not MAILS.take(str(address)):
        return
    is_own = Address.objects.filter(user=user, address=str(address)).exists()
    is_free = is_own or not vouching.is_taken(str(address))
    context: dict[str, object] = {"browser": browser, "keep_old": keep_old}
    with transaction.atomic():
        mail = enqueue(
            kind=KIND if is_free else TAKEN,
            to_address=str(address),
            language=language,
            context=context,
        )
        if is_free:
            links.create(mail=mail, purpose=PURPOSE, address=str(address), subject_id=user.pk)


def _require_usable(user: User, address: TypedAddress) -> None:
    """What is told at once: facts about the account and about the domain."""
    require(user, Power.CHOOSE_ADDRESS, user)
    if not may_change(user):
        raise AddressUnchangeable
    if str(address) == user.email:
        raise OwnAlready(str(address))
    vouching.require_usable(address)
    vouching.domain_of(address, of=user.tenant)
    if is_blocked(address.domain) or has_lapsed(address.domain, timezone.now()):
        raise DomainUnusable(address.domain)


def open_link(token: str) -> Opening:
    """Looks a link up and changes nothing."""
    link = links.find(token, purpose=PURPOSE)
    active = User.objects.select_related("tenant").filter(state=User.State.ACTIVE)
    user = active.filter(pk=link.subject_id).first() if link else None
    if link is None or user is None:
        return Opening(LinkState.UNKNOWN)
    if user.email == link.address:
        return Opening(LinkState.DONE, link, user)
    if link.is_expired(timezone.now()) or _changed_since(user, link):
        return Opening(LinkState.EXPIRED, link, user)
    return Opening(LinkState.GOOD, link, user)


def _changed_since(user: User, link: MailLink) -> bool:
    """Whether the mailbox was proven after the link was made: a link that was used does not change it back."""
    return Address.objects.filter(
        user=user, address=link.address, proven_at__gte=link.created_at
    ).exists()


def change(opening: Opening) -> User:
    """Its user, who is signed in, pressed the button. Raises what `change_to_proven` raises."""
    assert opening.user is not None
    return change_to_proven(
        user=opening.user, address=parse(opening.address), keep_old=opening.keeps_old
    )
