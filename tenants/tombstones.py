"""The addresses of accounts that were deleted and erased: kept as keyed digests, so that they stay reserved.

HMAC-SHA256 under SECRET_KEY. Whoever has the database alone cannot find out whose address it was, by trying some
either. SECRET_KEY_FALLBACKS are still recognised; when the key is lost, the reservations are.
"""

from __future__ import annotations

from django.conf import settings
from django.utils.crypto import salted_hmac

PREFIX = "erased:"
SALT = "tenants.tombstones"


def tombstone_of(address: str) -> str:
    """What is stored in place of `address`. It has no @, so it is no address of anybody's."""
    return _under(settings.SECRET_KEY, address)


def spellings(address: str) -> list[str]:
    """`address`, and what may be stored in its place: look for these."""
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [address, *(_under(key, address) for key in keys)]


def is_tombstone(stored: str) -> bool:
    return stored.startswith(PREFIX)


def _under(key: str, address: str) -> str:
    digest = salted_hmac(SALT, address, secret=key, algorithm="sha256").hexdigest()
    return f"{PREFIX}{digest}"
