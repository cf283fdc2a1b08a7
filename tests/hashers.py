"""Passwords in tests: hashed as the product does, for a tenth of the work."""

from __future__ import annotations

from accounts.hashers import Argon2Hasher


class QuickHasher(Argon2Hasher):
    memory_cost = 8 * 1024  # KiB
    time_cost = 1
