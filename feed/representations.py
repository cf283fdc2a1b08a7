"""How events and webhooks look in JSON."""

from __future__ import annotations

import json
from typing import Any

from feed.models import Endpoint, Event


def body_of(event: Event) -> bytes:
    """The same octets at every attempt: the signature is over them."""
    body = {
        "type": event.kind,
        "timestamp": event.at.isoformat(),
        "id": str(event.uid),
        "tenant_id": str(event.tenant_id),
        "sequence": event.number,
        "data": event.data,
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def webhook_row(endpoint: Endpoint, waiting: int, failed: int) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "tenant_id": endpoint.tenant_id,
        "events": endpoint.kinds,
        "state": endpoint.state,
        "reason": endpoint.reason,
        "waiting": waiting,
        "failed": failed,
        "last_success_at": endpoint.last_success_at,
        "previous_secret_until": endpoint.previous_until,
    }
