"""The chain over the audit log: what is hashed, how a head is sealed.

Each tenant's rows are a chain of their own, and those of the installation are one. A link has a number and the
SHA-256 over the row as it is stored, its number and the hash before it, so that a change anywhere changes what
follows. Whoever writes to the database could compute all of it anew; the newest hash is therefore sealed by an
HMAC under a key that is not in the database. See docs/decisions/0023.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from typing import Any

from audit import keys
from audit.models import AuditEvent, ChainHead

# The chain of rows without tenant.
INSTALLATION = uuid.UUID(int=0)
START = "0" * 64
# The last row of an organisation of which nothing is left, and those with which it is there again.
FINAL = "tenant.moved"
REOPENS = frozenset({"tenant.reopened", "takeover.undone"})
FORM = "rms-audit-1"


@dataclass(frozen=True, slots=True)
class Head:
    """A claim: the chain had this hash at this number."""

    chain: uuid.UUID
    number: int
    hash: str
    at: dt.datetime
    seal: str

    @property
    def is_genuine(self) -> bool:
        return any(map(self._is_sealed_with, keys.for_seals()))

    @property
    def has_newest_key(self) -> bool:
        return self._is_sealed_with(keys.for_seals()[0])

    def _is_sealed_with(self, key: bytes) -> bool:
        message = _message(self.chain, self.number, self.hash, self.at)
        return hmac.compare_digest(_hmac(key, message), self.seal.encode())


def sealed(*, chain: uuid.UUID, number: int, digest: str, at: dt.datetime) -> Head:
    seal = _hmac(keys.for_seals()[0], _message(chain, number, digest, at))
    return Head(chain=chain, number=number, hash=digest, at=at, seal=seal.decode())


def claim_of(row: ChainHead) -> Head:
    return Head(chain=row.chain, number=row.number, hash=row.hash, at=row.at, seal=row.seal)


def chain_of(event: AuditEvent) -> uuid.UUID:
    return event.tenant_id or INSTALLATION


def hash_of(
    event: AuditEvent, *, chain: uuid.UUID, number: int, previous: str, chained_at: dt.datetime
) -> str:
    """`event` as it was read from the database: it writes some values another way than they came."""
    link = {
        "form": FORM,
        "chain": str(chain),
        "number": number,
        "previous": previous,
        "chained_at": _time(chained_at),
        "event": _stored_form(event),
    }
    return hashlib.sha256(_canonical(link)).hexdigest()


def _stored_form(event: AuditEvent) -> dict[str, Any]:
    return {
        "id": str(event.id),
        "at": _time(event.at),
        "action": event.action,
        "result": event.result,
        "tenant_id": _id(event.tenant_id),
        "actor_id": _id(event.actor_id),
        "on_behalf_of_id": _id(event.on_behalf_of_id),
        "subject": event.subject,
        "address": event.address,
        "request_id": event.request_id,
        "details": event.details,
    }


def _message(chain: uuid.UUID, number: int, digest: str, at: dt.datetime) -> bytes:
    return _canonical([FORM, str(chain), number, digest, _time(at)])


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.new(key, message, hashlib.sha256).hexdigest().encode()


def _canonical(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def _time(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds")


def _id(value: uuid.UUID | None) -> str | None:
    return str(value) if value else None
