"""Links in mail: 256-bit tokens bound to purpose and address, stored as a digest, derived when sent.

A token is HMAC-SHA256 under SECRET_KEY of purpose, address and the link's random id. The database
holds its SHA-256 only, so neither a copy of the database nor the admin yields a usable link, and a
mail that is sent again carries the same one.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterable

from django.utils.crypto import salted_hmac

from audit.queries import Prepared, insert
from outbox.models import MailLink, OutboxMail

TOKEN_LENGTH = 43


def create(*, mail: OutboxMail, purpose: str, address: str, subject_id: uuid.UUID) -> MailLink:
    return create_all(mail=mail, purposes=(purpose,), address=address, subject_id=subject_id)[0]


def create_all(
    *, mail: OutboxMail, purposes: Iterable[str], address: str, subject_id: uuid.UUID
) -> list[MailLink]:
    """A link for each purpose, about the same subject."""
    new = [
        MailLink(mail=mail, purpose=purpose, address=address, subject_id=subject_id)
        for purpose in purposes
    ]
    for link in new:
        link.digest = digest(token_of(link))
    insert(new)
    return new


def in_mail(mail: OutboxMail, purpose: str) -> MailLink:
    """The mail's link for `purpose`, out of all of its links, which a worker has fetched with it."""
    return next(link for link in mail.links.all() if link.purpose == purpose)


def token_of(link: MailLink) -> str:
    """The token for the mail at hand: 43 characters of base64url."""
    value = "\0".join((link.purpose, link.address, str(link.id)))
    mac = salted_hmac("outbox.links", value, algorithm="sha256").digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def token_for_sending(link: MailLink) -> str:
    """The token, with its digest brought up to date if SECRET_KEY changed while the mail waited."""
    token = token_of(link)
    if link.digest != digest(token):
        link.digest = digest(token)
        link.save(update_fields=("digest",))
    return token


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def find(token: str, *, purpose: str) -> MailLink | None:
    """The link that `token` opens for `purpose`, whatever became of its subject; None if there is none."""
    if len(token) != TOKEN_LENGTH:
        return None
    return next(iter(_links.rows(digest(token), purpose)), None)


_links = Prepared(
    lambda digest, purpose: MailLink.objects.select_related("mail").filter(
        digest=digest, purpose=purpose
    )
)
