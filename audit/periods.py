"""Times as somebody types them for a command: a date, or a date and a time, of UTC unless said otherwise."""

from __future__ import annotations

import datetime as dt

from audit.exceptions import Refusal

DAY = dt.timedelta(days=1)


def beginning(text: str | None) -> dt.datetime | None:
    return _moment(text) if text else None


def end(text: str | None) -> dt.datetime | None:
    """The first moment after: a date means all of its day."""
    if not text:
        return None
    return _moment(text) + (DAY if _is_date(text) else dt.timedelta())


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(
            f"{text!r} is neither a date nor a time: write 2026-11-24 or 2026-11-24T08:30."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def _is_date(text: str) -> bool:
    return len(text) <= len("2026-11-24")
