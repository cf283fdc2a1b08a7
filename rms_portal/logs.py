"""Log lines: one per event, for people or as JSON, with the request's id, and without anybody's secret."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest

from audit import origin
from rms_portal.redaction import redact

# What our own lines say in fields of their own, besides the text.
FIELDS = ("method", "route", "status", "task", "task_id", "outcome", "duration_ms")


class RedactFilter(logging.Filter):
    """Removes secrets from message, arguments and traceback, before any handler writes."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        record.exc_text = redact(record.exc_text) if record.exc_text else record.exc_text
        record.stack_info = redact(record.stack_info) if record.stack_info else record.stack_info
        return True


def _time(record: logging.LogRecord) -> str:
    at = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
    return at.replace("+00:00", "Z")


def _request_id(record: logging.LogRecord) -> str:
    """Django notes an answer of 400 and more once the request is over, but its record has the request."""
    request = getattr(record, "request", None)
    kept = request.META.get(origin.KEPT_AS, "") if isinstance(request, HttpRequest) else ""
    return origin.current().request_id or kept


class LineFormatter(logging.Formatter):
    """`2026-08-01T10:00:00.123Z INFO logger request=<id> [user=<id>] message`."""

    def format(self, record: logging.LogRecord) -> str:
        user_id = origin.current().user_id()
        line = (
            f"{_time(record)} {record.levelname} {record.name} request={_request_id(record) or '-'} "
            f"{f'user={user_id} ' if user_id else ''}{record.getMessage()}"
        )
        parts = (line, record.exc_text, record.stack_info)
        return "\n".join(part for part in parts if part)


class JsonFormatter(logging.Formatter):
    """One object a line: time, level, logger, request_id, user_id, message, and fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "request_id": _request_id(record) or None,
            "user_id": origin.current().user_id() or None,
            "message": record.getMessage(),
        }
        line |= {
            name: value for name in FIELDS if (value := getattr(record, name, None)) is not None
        }
        trace = "\n".join(part for part in (record.exc_text, record.stack_info) if part)
        return json.dumps(line | ({"exception": trace} if trace else {}), ensure_ascii=False)
