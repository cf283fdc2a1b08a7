"""Somebody who can read the digits: tests know the key, as nobody outside does."""

from __future__ import annotations

import re

from limits import challenge

TOKEN = re.compile(r'name="digits_token" value="([^"]+)"')


def asked_for(text: str) -> str | None:
    """The token of the digits that a page asks for."""
    found = TOKEN.search(text)
    return found[1] if found else None


def solution(text: str) -> dict[str, str]:
    """The fields of a form whose page asks for digits."""
    token = asked_for(text)
    assert token, "No digits are asked for."
    return {"digits_token": token, "digits": challenge.digits_of(token) or ""}
