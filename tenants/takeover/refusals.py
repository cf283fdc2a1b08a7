"""Refusals in the journal: kept by their name and what they speak of, told in the language of whoever reads."""

from __future__ import annotations

import re

from audit.exceptions import Refusal
from tenants.exceptions import DirectoryError, NotAllowed
from tenants.models import Takeover
from tenants.takeover import exceptions, limit_exceptions

LONGEST_WORDS = 500
ADDRESS = re.compile(r"\S+@\S+")


def _known() -> dict[str, type[DirectoryError]]:
    named = (vars(exceptions) | vars(limit_exceptions)).values()
    found = [cls for cls in named if isinstance(cls, type)]
    known = [cls for cls in found if issubclass(cls, exceptions.TakeoverRefused)]
    return {cls.__name__: cls for cls in [*known, NotAllowed]}


KNOWN = _known()
NONE: dict[str, object] = {"refusal_name": "", "refusal_about": [], "refusal": ""}


def kept(refusal: Refusal) -> dict[str, object]:
    """The fields of a takeover."""
    name = type(refusal).__name__
    if KNOWN.get(name) is type(refusal):
        return NONE | {"refusal_name": name, "refusal_about": list(refusal.about)}
    # The journal is kept for ever, and so nobody's address is.
    words = ADDRESS.sub("…", str(refusal))[:LONGEST_WORDS]
    return NONE | {"refusal_name": name, "refusal": words}


def told(takeover: Takeover) -> str:
    """Why not; empty where nothing was refused."""
    known = KNOWN.get(takeover.refusal_name)
    return str(known(*takeover.refusal_about or ())) if known else takeover.refusal
