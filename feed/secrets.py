"""Secrets of endpoints: made here, shown once, kept encrypted under a key that lies outside the database."""

from __future__ import annotations

import base64
import secrets

from audit import keys

PREFIX = "whsec_"
OCTETS = 32
PURPOSE = b"rms feed: secrets of webhooks"


def new() -> str:
    """As Standard Webhooks writes them: `whsec_` and 32 random octets in base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(OCTETS)).decode()


def sealed(secret: str) -> str:
    return keys.encryption(PURPOSE).encrypt(secret.encode()).decode()


def opened(text: str) -> str:
    """Raises cryptography's InvalidToken where no key of the settings opens it."""
    return keys.encryption(PURPOSE).decrypt(text.encode()).decode()


def renewed(text: str) -> str:
    """The same secret, sealed under the newest key. Raises cryptography's InvalidToken."""
    return keys.encryption(PURPOSE).rotate(text.encode()).decode()
