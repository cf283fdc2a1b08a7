"""Where the work at hand came from: the request's id, the client's address and the account, for log and audit."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace


def nobody() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Behalf:
    """For whom an operator acts: a person of an organisation, or the organisation as such."""

    id: uuid.UUID
    tenant_id: uuid.UUID
    operator_id: uuid.UUID


@dataclass(frozen=True, slots=True)
class Origin:
    request_id: str = ""
    address: str = ""
    # Asked for with each line of the log: who is signed in is known only in the course of a request.
    user_id: Callable[[], str] = nobody
    # An operator acts for somebody: what is recorded meanwhile says for whom, and what they may do ends there.
    on_behalf_of: Behalf | None = None


NOWHERE = Origin()
# Where a request keeps its id, for what is written about it once it is over.
KEPT_AS = "audit.request_id"
_current: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current() -> Origin:
    return _current.get()


@contextmanager
def of_request(
    *, request_id: str, address: str, user_id: Callable[[], str] = nobody
) -> Iterator[None]:
    token = _current.set(Origin(request_id=request_id, address=address, user_id=user_id))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def on_behalf_of(behalf: Behalf | None) -> Iterator[None]:
    """Also in the background, where what was asked for meanwhile is done later. None: of nobody."""
    token = _current.set(replace(_current.get(), on_behalf_of=behalf))
    try:
        yield
    finally:
        _current.reset(token)


def begin_task(request_id: str) -> None:
    """From here on, this thread works for the request that caused the task."""
    _current.set(Origin(request_id=request_id))


def end_task() -> None:
    _current.set(NOWHERE)
