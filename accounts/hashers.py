"""How passwords are kept."""

from __future__ import annotations

import unicodedata

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2Hasher(Argon2PasswordHasher):
    """Argon2id at 19 MiB, t=2, p=1 (OWASP Password Storage Cheat Sheet), over the NFKC form of the password,
    so that `ü` is the same letter from every keyboard (NIST SP 800-63B-4, 3.1.1.2).
    """

    memory_cost = 19 * 1024  # KiB
    time_cost = 2
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        encoded: str = super().encode(unicodedata.normalize("NFKC", password), salt)
        return encoded

    def verify(self, password: str, encoded: str) -> bool:
        return bool(super().verify(unicodedata.normalize("NFKC", password), encoded))
