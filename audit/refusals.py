"""What somebody tried in the administration and was not done: it is in the log as well, without the words of the
refusal, which may be personal.
"""

from __future__ import annotations

import uuid
from typing import cast

from django.http import HttpRequest

from audit.models import AuditEvent
from audit.services import Actor, record


def person(request: HttpRequest) -> Actor:
    """Whoever is signed in to the administration."""
    assert request.user.is_authenticated
    return cast("Actor", request.user)


def note(
    request: HttpRequest,
    refusal: Exception,
    *,
    action: str,
    subject: str,
    tenant_id: uuid.UUID | None,
) -> None:
    record(
        action="admin.refused",
        subject=subject,
        tenant_id=tenant_id,
        acting_user=person(request),
        result=AuditEvent.Result.REFUSED,
        details={"action": action, "refusal": type(refusal).__name__},
    )
