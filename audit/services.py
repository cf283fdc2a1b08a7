from __future__ import annotations

import ipaddress
import uuid
from typing import Protocol

from audit import origin
from audit.models import AuditEvent


class Actor(Protocol):
    """Whoever acts: an account."""

    id: uuid.UUID


def record(
    *,
    action: str,
    subject: str,
    tenant_id: uuid.UUID | None,
    acting_user: Actor | None,
    on_behalf_of: Actor | None = None,
    result: AuditEvent.Result = AuditEvent.Result.DONE,
    details: dict[str, object] | None = None,
) -> AuditEvent:
    """Adds a row, in the transaction of the change it tells of.

    `action` is `<thing>.<what happened>`, `subject` is `<kind>:<id>`, and `details` holds ids and
    settings, never an address, a name or a secret.
    """
    here = origin.current()
    return AuditEvent.objects.create(
        action=action,
        subject=subject,
        tenant_id=tenant_id,
        actor_id=acting_user.id if acting_user else None,
        on_behalf_of_id=on_behalf_of.id if on_behalf_of else None,
        result=result,
        address=_address_or_none(here.address),
        request_id=here.request_id,
        details=details or {},
    )


def _address_or_none(text: str) -> str | None:
    """A client on a Unix socket has no address."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
