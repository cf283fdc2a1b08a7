from __future__ import annotations

import uuid
from email.utils import parseaddr

from outbox.content import message_id
from outbox.models import OutboxMail


def newest_mail_about(subject_id: uuid.UUID) -> OutboxMail | None:
    """The newest mail with a link that speaks of `subject_id`."""
    return OutboxMail.objects.filter(links__subject_id=subject_id).order_by("-created_at").first()


def mail_of_report(*, service_id: str, claimed_id: str) -> OutboxMail | None:
    """The mail that a mail service speaks of: by its own id, by our Message-ID, or by what we told it."""
    found = OutboxMail.objects.filter(service_id=service_id).first() if service_id else None
    return found or _mail_of_message_id(service_id) or _mail_of_id(claimed_id)


def _mail_of_message_id(text: str) -> OutboxMail | None:
    mail = _mail_of_id(parseaddr(text)[1].partition("@")[0])
    return mail if mail and message_id(mail) == text else None


def _mail_of_id(text: str) -> OutboxMail | None:
    try:
        return OutboxMail.objects.filter(id=uuid.UUID(text)).first()
    except ValueError:
        return None
