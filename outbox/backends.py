"""Where mail goes when no mail server is set: a Maildir that the inbox page shows."""

from __future__ import annotations

import mailbox
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


def inbox() -> mailbox.Maildir:
    settings.DEV_MAIL_DIR.parent.mkdir(parents=True, exist_ok=True)
    return mailbox.Maildir(settings.DEV_MAIL_DIR, create=True)


class MaildirBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        maildir = inbox()
        for message in email_messages:
            maildir.add(message.message().as_bytes())
        return len(email_messages)
