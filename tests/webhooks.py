"""Webhooks in tests that have no worker: relay and deliver as a worker would, and verify as a receiver would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

from feed.flows import deliver, relay
from tests.services.receiver import Told

TOLERANCE_SECONDS = 5 * 60


def work() -> None:
    relay.relay()
    deliver.deliver_due()


def is_genuine(told: Told, secret: str, *, now: float | None = None) -> bool:
    """By Standard Webhooks' specification, written without a look at the product's own signing."""
    sent = int(told.headers["webhook-timestamp"])
    if abs((time.time() if now is None else now) - sent) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.split("_")[1])
    content = f"{told.headers['webhook-id']}.{sent}.".encode() + told.body
    wanted = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [one.split(",", 1)[1] for one in told.headers["webhook-signature"].split()]
    return any(hmac.compare_digest(wanted, one) for one in given)
