"""What joining hangs on an organisation, and how it goes along when a domain moves."""

from __future__ import annotations

from signup.models import UserImport
from tenants.takeover.registry import Belonging, Move, register


def _stay(_: Move) -> None:
    """Who handed which file over is told where it was asked; an emptied organisation takes it along when it goes."""


register(Belonging("imports", (UserImport,), _stay))
