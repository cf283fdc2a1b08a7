"""Keys of the audit log, and of what else lies encrypted. They follow from keys of the settings and lie outside the database.

The first key is the one to write with, all of them are read: what was written before MASTER_KEY was set, or
under a SECRET_KEY that is still a fallback, stays good.
"""

from __future__ import annotations

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

SEALS = b"rms audit: seals of heads"
PERSONS = b"rms audit: keys of persons"


def for_seals() -> list[bytes]:
    return [_derived(key, SEALS) for key in _roots()]


def for_persons() -> list[Fernet]:
    return _fernets(PERSONS)


def all_for_persons() -> MultiFernet:
    return encryption(PERSONS)


def encryption(purpose: bytes) -> MultiFernet:
    """Encrypts with the first key for `purpose`, decrypts with any. Other rooms have purposes of their own."""
    return MultiFernet(_fernets(purpose))


def _fernets(purpose: bytes) -> list[Fernet]:
    return [Fernet(base64.urlsafe_b64encode(_derived(key, purpose))) for key in _roots()]


def _roots() -> list[str]:
    roots = (settings.MASTER_KEY, settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [key for key in roots if key]


@lru_cache(maxsize=64)
def _derived(root: str, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(root.encode())
