"""Ways for mail: a mail server, or, where none is set, a Maildir that the inbox page shows."""

from __future__ import annotations

import mailbox
import smtplib
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend

# RFC 5321, 4.5.3.2.6 allows ten minutes; our claim on the mail ends before. Whoever hangs up earlier makes
# a server that looks into mail before it answers get the same mail again and again.
ANSWER_TO_DATA_SECONDS = 120


def inbox() -> mailbox.Maildir:
    settings.DEV_MAIL_DIR.parent.mkdir(parents=True, exist_ok=True)
    return mailbox.Maildir(settings.DEV_MAIL_DIR, create=True)


class MaildirBackend(BaseEmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        maildir = inbox()
        for message in email_messages:
            maildir.add(message.message().as_bytes())
        return len(email_messages)


class _PatientData(smtplib.SMTP):
    """Waits longer for the answer to a whole mail than for the answer to a command."""

    def data(self, msg: bytes | str) -> tuple[int, bytes]:  # type: ignore[override]
        assert self.sock is not None
        self.sock.settimeout(ANSWER_TO_DATA_SECONDS)
        try:
            return super().data(msg)
        finally:
            if self.sock is not None:
                self.sock.settimeout(self.timeout)


class _PatientDataOverTls(_PatientData, smtplib.SMTP_SSL):
    """The same with TLS from the start."""


class SmtpBackend(EmailBackend):
    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _PatientDataOverTls if self.use_ssl else _PatientData
