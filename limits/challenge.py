"""The step-up: six digits, to be read or heard, that whoever asks too often types in.

Nothing is stored for it. The digits travel in an encrypted token (Fernet, so authenticated and dated)
that only this installation can read; answering one uses it up, rightly or wrongly.
"""

from __future__ import annotations

import base64
import json
import secrets
import unicodedata
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from limits.limit import Limit

DIGITS = 6
LIFE_SECONDS = 600
# Longer than they are good for, which is counted in whole seconds: an answer outlives its digits.
ANSWERED = Limit("challenge.answered", "1 in 15 minutes")


def new(purpose: str) -> str:
    """The token of new digits, good for `purpose` only, for ten minutes."""
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    content = {"digits": digits, "purpose": purpose, "id": secrets.token_urlsafe(12)}
    return _cipher().encrypt(json.dumps(content).encode()).decode()


def digits_of(token: str) -> str | None:
    """What picture and sound show; None for what is no token, or too old."""
    content = _read(token)
    return content["digits"] if content else None


def is_solved(token: str, typed: str, *, purpose: str) -> bool:
    """Whether `typed` answers it. Every answer uses the token up."""
    content = _read(token)
    if content is None or content["purpose"] != purpose or not ANSWERED.take(content["id"]):
        return False
    return constant_time_compare(plain_digits(typed), content["digits"])


def plain_digits(typed: str) -> str:
    """The digits in `typed`, of whatever script, without what people put between them."""
    return "".join(str(unicodedata.digit(sign)) for sign in typed if sign.isdigit())


def _read(token: str) -> dict[str, str] | None:
    try:
        plain = _cipher().decrypt(token.encode(), ttl=LIFE_SECONDS)
    except InvalidToken:
        return None
    content: dict[str, str] = json.loads(plain)
    return content


def _cipher() -> MultiFernet:
    return _cipher_under((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _cipher_under(secret_keys: tuple[str, ...]) -> MultiFernet:
    keys = (
        salted_hmac("limits.challenge", "key", secret=secret, algorithm="sha256").digest()
        for secret in secret_keys
    )
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])
