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
    moment = _moment(text)
    try:
        return moment + (DAY if _is_date(text) else dt.timedelta())
    except OverflowError:
        return None  # the last day that there is: until ever


def _moment(text: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
        return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    except (ValueError, OverflowError):
        raise Refusal(
            f"{text!r} is neither a date nor a time: write 2026-11-24 or 2026-11-24T08:30."
        ) from None


def _is_date(text: str) -> bool:
    return len(text) <= len("2026-11-24")
