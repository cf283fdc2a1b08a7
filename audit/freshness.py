"""Whether whoever asks has proved lately who they are: what cannot be taken back asks for it once more.

A page says that it needs it (`require`); the room that knows how people sign in says whether it is so
(`decided_by`), and leads people through the proof and back.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest


class FreshFactorNeeded(Exception):
    """Not a refusal: what was asked for goes on after the proof."""


def _never(_: HttpRequest) -> bool:
    return False


_is_fresh: list[Callable[[HttpRequest], bool]] = [_never]


def decided_by(is_fresh: Callable[[HttpRequest], bool]) -> None:
    _is_fresh[0] = is_fresh


def require(request: HttpRequest) -> None:
    """Raises FreshFactorNeeded."""
    if not _is_fresh[0](request):
        raise FreshFactorNeeded
