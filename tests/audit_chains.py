"""A log with rows of several chains, and what is wrong with it."""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from typing import Any

import pytest
from django.core.management import call_command

from audit.flows.chain import chain_pending
from audit.flows.verify import verify
from audit.models import AuditEvent

TENANTS = (uuid.UUID(int=1), uuid.UUID(int=2))
ROWS = 12


def note(tenant_id: uuid.UUID | None = None, at: dt.datetime | None = None) -> AuditEvent:
    event = AuditEvent(
        action="thing.made",
        subject=f"thing:{uuid.uuid4()}",
        tenant_id=tenant_id,
        details={"size": 1, "names": ["b", "a"], "é": None},
    )
    event.at = at or event.at
    event.save()
    return event


@pytest.fixture
def log() -> None:
    """Rows of two organisations and of the installation, chained in two batches."""
    for _ in range(2):
        for number in range(ROWS // 2):
            note((*TENANTS, None)[number % 3])
        chain_pending()


def wrong() -> list[str]:
    return [finding.what for finding in verify()]


def say_verified(*words: str) -> tuple[Any, int]:
    out, status = io.StringIO(), 0
    try:
        call_command("verify_audit_log", *words, "--json", stdout=out)
    except SystemExit as end:
        status = int(str(end.code))
    return json.loads(out.getvalue()), status
