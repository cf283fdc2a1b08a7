"""Where the work at hand came from: the request's id and the client's address, for log and audit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    request_id: str = ""
    address: str = ""


NOWHERE = Origin()
_current: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current() -> Origin:
    return _current.get()


@contextmanager
def of_request(*, request_id: str, address: str) -> Iterator[None]:
    token = _current.set(Origin(request_id=request_id, address=address))
    try:
        yield
    finally:
        _current.reset(token)
