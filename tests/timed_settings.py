"""The product's own settings, with passwords hashed for a tenth of the work: see test_enumeration_timing.py."""

from __future__ import annotations

from rms_portal.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.hashers.QuickHasher"]
