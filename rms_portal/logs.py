"""Log lines: one per event, with the request's id, and without anybody's token."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime

from audit import origin

TOKEN_PATHS = re.compile(
    r"(/signup/(?:confirm|renew|not-me)/|/accounts/password/reset/key/)[^/\s'\"?]+", re.ASCII
)


def redact(text: str) -> str:
    """`text` with the token of every link in it replaced."""
    return TOKEN_PATHS.sub(r"\1[redacted]", text)


class RedactFilter(logging.Filter):
    """Removes tokens from the message, its arguments and its traceback, before any handler writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        record.msg, record.args = redact(message), None
        if record.exc_info and not record.exc_text:
            record.exc_text = redact(logging.Formatter().formatException(record.exc_info))
        record.exc_text = redact(record.exc_text) if record.exc_text else record.exc_text
        return True


class LineFormatter(logging.Formatter):
    """`2026-08-01T10:00:00.123Z INFO logger request=<id> message`."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        request_id = origin.current().request_id or "-"
        line = (
            f"{at.replace('+00:00', 'Z')} {record.levelname} {record.name} "
            f"request={request_id} {record.getMessage()}"
        )
        return f"{line}\n{record.exc_text}" if record.exc_text else line
