"""How passwords are kept."""

from __future__ import annotations

import os
import unicodedata
from functools import cache
from threading import BoundedSemaphore

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher


@cache
def _cores() -> BoundedSemaphore:
    """Hashing is all work and no waiting: more at once than there are cores, which the web processes share,
    only takes each of them longer.
    """
    return BoundedSemaphore(max(1, (os.cpu_count() or 1) // settings.WEB_PROCESSES))


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id at 46 MiB, t=2, p=1 (OWASP Password Storage Cheat Sheet, and one pass more), over the NFKC form of
    the password, so that `ü` is the same letter from every keyboard (NIST SP 800-63B-4, 3.1.1.2).

    Dearer, and a rush of people would wait for longer than proxies do: docs/decisions/0039.
    """

    memory_cost = 46 * 1024  # KiB
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _cores():
            encoded: str = super().encode(unicodedata.normalize("NFKC", password), salt)
        return encoded

    def verify(self, password: str, encoded: str) -> bool:
        with _cores():
            return bool(super().verify(unicodedata.normalize("NFKC", password), encoded))
