"""What this room hangs on a tenant, in the order in which it moves: first who goes, then what follows from it."""

from __future__ import annotations

from tenants.takeover.domains import DOMAIN, JOURNAL, PROOFS
from tenants.takeover.groups import GROUPS, MEMBERSHIPS
from tenants.takeover.people import ACCOUNTS, ADDRESSES
from tenants.takeover.registry import register

for belonging in (ACCOUNTS, GROUPS, MEMBERSHIPS, PROOFS, DOMAIN, ADDRESSES, JOURNAL):
    register(belonging)
