"""Whoever signed up proves the mailbox again from time to time: one mail, one press, signed in.

The press alone proves nothing: programs that guard mailboxes press buttons too, also in mail to somebody
who has left. It counts for the account's holder, in the browser that pressed: at once where they are
signed in there, otherwise once they have signed in.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from enum import Enum

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from limits.limit import Limit
from outbox import links
from outbox.models import MailLink
from outbox.services import enqueue
from tenants import services as directory
from tenants.models import Address, User
from tenants.standing import addresses_to_ask, mailbox_proof

PURPOSE = KIND = "accounts.prove_mailbox"
MAILS = Limit("accounts.mailbox_proof_mail", "1 a minute, 3 an hour, 6 a day")
BATCH = 500
PRESSED = "mailbox_link_pressed"


class LinkState(Enum):
    GOOD = "good"
    DONE = "the mailbox was proven since"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Opening:
    """A link that somebody opened, and whose mailbox it is about; both None where it is unknown."""

    state: LinkState
    link: MailLink | None = None
    user: User | None = None


def ask(*, user: User, language: str, browser: str) -> bool:
    """Sends the mail because its recipient wants it; whether the limit let it."""
    if user.email is None or mailbox_proof(user, now=timezone.now()) is None:
        return False
    if not MAILS.take(user.email):
        return False
    with transaction.atomic():
        _send(user, language, {"browser": browser, "was_asked_for": True})
    return True


def ask_at_new_address(user: User) -> None:
    """Who signed up opens nothing until the mailbox of an address that nobody proved yet is proven."""
    proof = mailbox_proof(user, now=timezone.now())
    if proof and proof.proven_at is None:
        _send(user, user.language, {})


def remind() -> int:
    """Sends the mail to everybody whose proof ends soon, once; how many there were.

    Each batch commits by itself, and an address is marked in the transaction of its mail: killed anywhere,
    the next run sends what is left.
    """
    sent = 0
    while asked := _remind_some():
        sent += sum(asked)
    return sent


@transaction.atomic
def _remind_some() -> list[bool]:
    due = addresses_to_ask(now=timezone.now()).select_related("user")
    return [_remind(address) for address in due[:BATCH]]


def _remind(address: Address) -> bool:
    hit = Address.objects.filter(pk=address.pk, proof_asked_at__isnull=True).update(
        proof_asked_at=timezone.now()
    )
    if hit and address.user:
        _send(address.user, address.user.language, {})
    return bool(hit)


def _send(user: User, language: str, context: dict[str, object]) -> None:
    assert user.email is not None
    context |= {"user": str(user.id)}
    mail = enqueue(kind=KIND, to_address=user.email, language=language, context=context)
    links.create(mail=mail, purpose=PURPOSE, address=user.email, subject_id=user.id)


def open_link(token: str) -> Opening:
    """Looks a link up and changes nothing."""
    return _opening(links.find(token, purpose=PURPOSE))


def _opening(link: MailLink | None) -> Opening:
    """An address that belongs to somebody else by now, or to nobody, makes its links worthless."""
    held = (
        Address.objects.select_related("user")
        .filter(
            address=link.address,
            user_id=link.subject_id,
            is_primary=True,
            user__state=User.State.ACTIVE,
        )
        .first()
        if link
        else None
    )
    if link is None or held is None:
        return Opening(LinkState.UNKNOWN)
    if held.proven_at and held.proven_at >= link.created_at:
        return Opening(LinkState.DONE, link, held.user)
    if link.is_expired(timezone.now()):
        return Opening(LinkState.EXPIRED, link, held.user)
    return Opening(LinkState.GOOD, link, held.user)


def prove(opening: Opening) -> None:
    """Its user, who is signed in, pressed the button."""
    assert opening.link is not None
    assert opening.user is not None
    directory.prove_mailbox(
        user=opening.user, acting_user=opening.user, asked_at=opening.link.created_at
    )


def remember_press(request: HttpRequest, opening: Opening) -> None:
    """For `finish_press`, in this browser, as long as the link is good."""
    assert opening.link is not None
    request.session[PRESSED] = (str(opening.link.id), opening.link.expires_at.timestamp())


def finish_press(request: HttpRequest, user: User) -> bool:
    """Whoever pressed the button here had to sign in first: now `user` has. Whether that proved a mailbox."""
    pressed, until = request.session.pop(PRESSED, ("", 0))
    if time.time() >= until:
        return False
    link = MailLink.objects.select_related("mail").filter(id=uuid.UUID(pressed)).first()
    opening = _opening(link)
    if opening.state is not LinkState.GOOD or opening.user != user:
        return False
    prove(opening)
    return True
