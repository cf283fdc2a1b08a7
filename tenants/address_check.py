"""The rule of addresses at the end of a move, where the database cannot wait for the end: see address_rule.py."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import IntegrityError, connection, models

from tenants.address_rule import (
    BROKEN_ADDRESSES,
    BROKEN_EMAILS,
    BROKEN_MEMBERSHIPS,
    BROKEN_NESTINGS,
    OTHER_TENANT,
    REFUSAL,
)

# What must not be, and whose tenant it is looked for by. Both sides of a move are looked at, so one end is enough.
CHECKS = (
    (BROKEN_ADDRESSES, "d.tenant_id", REFUSAL),
    (BROKEN_EMAILS.format(at="instr(u.email, '@')"), "u.tenant_id", REFUSAL),
    (BROKEN_MEMBERSHIPS, "g.tenant_id", OTHER_TENANT),
    (BROKEN_NESTINGS, "o.tenant_id", OTHER_TENANT),
)


def require_kept(tenant_ids: Collection[uuid.UUID]) -> None:
    """Whether the rule holds in these tenants now. Raises IntegrityError, as the triggers of PostgreSQL do."""
    if connection.vendor != "sqlite":
        return
    field = models.UUIDField()
    ids = [field.get_db_prep_value(one, connection) for one in tenant_ids]
    places = ", ".join(["%s"] * len(ids))
    with connection.cursor() as cursor:
        for broken, column, sentence in CHECKS:
            # A percent sign of LIKE is none of a parameter.
            statement = f"{broken.replace('%', '%%')} AND {column} IN ({places}) LIMIT 1"
            cursor.execute(statement, ids)
            if cursor.fetchone():
                raise IntegrityError(sentence)
