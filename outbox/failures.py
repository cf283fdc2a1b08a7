"""What went wrong with a mail, and whether it will ever go right."""

from __future__ import annotations

import smtplib

from anymail.exceptions import AnymailRecipientsRefused

from outbox.content import NeedsInternationalMailError


def is_permanent(error: Exception) -> bool:
    """Whether this recipient will never take this mail (RFC 5321, 4.2.1).

    Only a clear 5xx for the recipient or the message is. What speaks of us (TLS, signing in, our sender,
    an answer that makes no sense) is for the operator to mend, and the mail waits for that.
    """
    match error:
        case smtplib.SMTPRecipientsRefused():
            return all(500 <= code < 600 for code, _ in error.recipients.values())
        case smtplib.SMTPDataError():
            return 500 <= error.smtp_code < 600
        case AnymailRecipientsRefused() | NeedsInternationalMailError():
            return True
        case _:
            return False


def words(error: Exception) -> str:
    """For the operator: the mail server's own words."""
    return f"{type(error).__name__}: {error}"[:2000].replace("\0", "")
