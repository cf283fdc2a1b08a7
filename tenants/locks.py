"""The order in which a directory is locked: first the tenant's row (of two, by id), then its domains, then accounts and
groups, then what hangs on these, proofs among them. Whoever keeps to it never waits for somebody who waits for them.

An account or group that is made refers to the tenant, which locks its row as well: so a flow that locks a domain and
then makes one locks the tenant first.
"""

from __future__ import annotations

import uuid

from tenants.models import Tenant


def hold(tenant_id: uuid.UUID) -> Tenant:
    """For who changes something of it. People who sign up need not wait; a takeover does."""
    return Tenant.objects.select_for_update(no_key=True).get(pk=tenant_id)


def hold_alone(tenant_id: uuid.UUID) -> Tenant:
    """For who decides about the tenant itself: who joins it waits as well."""
    return Tenant.objects.select_for_update().get(pk=tenant_id)
