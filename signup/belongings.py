"""What joining hangs on an organisation, and how it goes along when a domain moves."""

from __future__ import annotations

from signup import left_behind
from signup.models import SignUp, UserImport
from tenants.takeover.registry import Belonging, Move, register


def _stay(_: Move) -> None:
    """Who handed which file over is told where it was asked; an emptied organisation takes it along when it goes."""


def _mark(move: Move) -> None:
    """Sign-ups go with the name of their domain; what is told of those who stay, or go without theirs, ends."""
    left_behind.mark_of_domain(move.domain.name)
    left_behind.mark_of_people(move.people)


register(Belonging("imports", (UserImport,), _stay))
register(Belonging("sign_ups", (SignUp,), _mark))
