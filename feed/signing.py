"""Signatures as Standard Webhooks has them (standardwebhooks.com, specification 1.0.0, symmetric).

HMAC-SHA256 under the secret of `<id>.<timestamp>.<body>`, in base64 after `v1,`; with several secrets several
signatures, separated by a space, so that a receiver may change to the newer one at any time.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable

from feed.secrets import PREFIX


def headers(
    *, message_id: str, timestamp: int, body: bytes, secrets: Iterable[str]
) -> dict[str, str]:
    signatures = (signature(secret, message_id, timestamp, body) for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
