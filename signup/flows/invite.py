"""An account that administrators made, and its owner's first step into it: choosing a name and a password.

The mail's link proves the mailbox, as that of a sign-up does. Whoever does not use it in time gets another
one from the page behind it, or from *Forgot your password?*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from audit.services import record
from limits.limit import Limit
from outbox import links
from outbox.models import MailLink
from outbox.services import enqueue
from signup import terms
from signup.exceptions import LinkUnusable
from subscriptions import services as licences
from tenants import services as directory
from tenants.addresses import Address as TypedAddress
from tenants.flows.create import create
from tenants.models import Tenant, User

PURPOSE = KIND = "signup.invitation"
MAILS = Limit("signup.invitation_mail", "1 a minute, 3 an hour, 6 a day")


class LinkState(Enum):
    GOOD = "good"
    EXPIRED = "expired"
    USED = "used"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Opening:
    """An invitation that somebody opened, and whose it is; both None where it is unknown."""

    state: LinkState
    link: MailLink | None = None
    user: User | None = None


@transaction.atomic
def invite(
    *,
    address: TypedAddress,
    first_name: str,
    last_name: str,
    language: str,
    acting_user: User | None,
    tenant: Tenant | None = None,
) -> User:
    """Makes the account and its mail. Raises what `tenants.flows.create.create` raises."""
    user = create(
        address=address,
        first_name=first_name,
        last_name=last_name,
        language=language,
        acting_user=acting_user,
        tenant=tenant,
    )
    _send(user)
    return user


def _send(user: User) -> None:
    assert user.email is not None
    mail = enqueue(kind=KIND, to_address=user.email, language=user.language)
    links.create(mail=mail, purpose=PURPOSE, address=user.email, subject_id=user.id)


def open_link(token: str) -> Opening:
    """Looks a link up and changes nothing. It speaks of an account at its address, while that is active."""
    link = links.find(token, purpose=PURPOSE)
    active = User.objects.select_related("tenant").filter(state=User.State.ACTIVE)
    user = active.filter(id=link.subject_id, email=link.address).first() if link else None
    if link is None or user is None:
        return Opening(LinkState.UNKNOWN)
    if user.has_usable_password():
        return Opening(LinkState.USED, link, user)
    if link.is_expired(timezone.now()):
        return Opening(LinkState.EXPIRED, link, user)
    return Opening(LinkState.GOOD, link, user)


def accept(
    *, user: User, first_name: str, last_name: str, password: str, accepted: Mapping[str, str]
) -> User:
    """The owner's name and password; the free plan, as for whoever signs up. The account as it is now.

    `password` must have passed the password rules. Raises DocumentsChanged, or LinkUnusable where the account
    has a password by now, or is not active any more.
    """
    terms.require_current(accepted, user.language)
    password_hash = make_password(password)
    with transaction.atomic():
        hit = User.objects.filter(
            pk=user.pk, state=User.State.ACTIVE, password=user.password
        ).update(password=password_hash, first_name=first_name, last_name=last_name)
        if hit != 1:
            raise LinkUnusable
        _join(user)
        terms.note(user, accepted)
        record(
            action="user.invitation_accepted",
            subject=f"user:{user.pk}",
            tenant_id=user.tenant_id,
            acting_user=user,
        )
    return User.objects.get(pk=user.pk)


def _join(user: User) -> None:
    assert user.tenant is not None
    directory.prove_mailbox(user=user, acting_user=user)
    free = licences.ensure_free_subscription(tenant=user.tenant, acting_user=user)
    licences.assign_unit(subscription=free, user=user, acting_user=user)


def send_to_new_address(*, user: User) -> None:
    """Who has not used the invitation yet: the link that went to the old address is worthless now."""
    if user.creation_method == User.CreationMethod.ADMIN and not user.has_usable_password():
        _send(user)


def send_again(*, user: User) -> bool:
    """Another mail for an invitation that was not used in time; whether the limit let it."""
    if user.has_usable_password() or not MAILS.take(user.email or ""):
        return False
    with transaction.atomic():
        _send(user)
    return True
