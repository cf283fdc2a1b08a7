"""What a mail says, once for text and HTML, and how it becomes a message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import format_datetime, formataddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import translation

from outbox.models import OutboxMail


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class MailContent:
    """A mail in the order it is read. Texts are plain; nothing that a requester typed belongs in them."""

    subject: str
    heading: str
    paragraphs: list[str]
    button: Button | None = None
    after: list[str] = field(default_factory=list)
    not_me: Button | None = None


class NeedsInternationalMailError(Exception):
    """The recipient's local part is beyond ASCII: without RFC 6531 the mail would go to somebody else."""


MAIL_ID = "mail_id"
Writer = Callable[[OutboxMail], MailContent]
_writers: dict[str, Writer] = {}


def writes(kind: str) -> Callable[[Writer], Writer]:
    """Registers the function that writes mails of `kind`."""

    def register(writer: Writer) -> Writer:
        _writers[kind] = writer
        return writer

    return register


def kinds() -> set[str]:
    return set(_writers)


def compose(mail: OutboxMail) -> EmailMultiAlternatives:
    """The message for `mail`, the same each time it is written (same Message-ID, same date).

    Raises NeedsInternationalMailError.
    """
    if not mail.to_address.rpartition("@")[0].isascii():
        raise NeedsInternationalMailError
    with translation.override(mail.language):
        content = _writers[mail.kind](mail)
        context = {
            "content": content,
            "product_name": settings.PRODUCT_NAME,
            "public_url": settings.PUBLIC_URL,
            "support_email": settings.SUPPORT_EMAIL,
        }
        message = EmailMultiAlternatives(
            subject=content.subject,
            body=render_to_string("mail/message.txt", context),
            from_email=formataddr((settings.PRODUCT_NAME, settings.DEFAULT_FROM_EMAIL)),
            to=[mail.to_address],
            headers={
                "Message-ID": message_id(mail),
                "Date": format_datetime(mail.created_at),
                "Auto-Submitted": "auto-generated",
                "X-Auto-Response-Suppress": "All",
                "Content-Language": mail.language,
            },
        )
        message.attach_alternative(render_to_string("mail/message.html", context), "text/html")
    # A mail service keeps it with the mail and tells it in its reports; a mail server never sees it.
    message.metadata = {MAIL_ID: str(mail.id)}  # type: ignore[attr-defined]
    return message


def message_id(mail: OutboxMail) -> str:
    """RFC 5322, 3.6.4: unique, and the same for every attempt at one mail."""
    domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2]
    return f"<{mail.id}@{domain}>"
