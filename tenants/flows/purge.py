"""30 days after a takeover it cannot be undone any more: the emptied tenant goes, and what was kept for undoing it."""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import ProtectedError
from django.utils import timezone

from tenants.models import MovedRow, Takeover, TakeoverNotice, Tenant
from tenants.takeover.journal import note

logger = logging.getLogger(__name__)
State = Takeover.State


def purge() -> int:
    """How many tenants went."""
    now = timezone.now()
    over = Takeover.objects.filter(undo_until__lte=now, limited_until__lte=now)
    # What is still to be undone, because it failed, needs what was noted for it.
    MovedRow.objects.filter(takeover__in=over.exclude(state=State.UNDOING)).delete()
    emptied = over.filter(state=State.DONE, is_whole=True, purged_at__isnull=True)
    return sum(_purge_one(takeover) for takeover in emptied)


def _purge_one(takeover: Takeover) -> bool:
    try:
        with transaction.atomic():
            Tenant.objects.select_for_update().filter(pk=takeover.source_tenant_id).delete()
            TakeoverNotice.objects.filter(tenant_id=takeover.source_tenant_id).delete()
            Takeover.objects.filter(pk=takeover.pk).update(purged_at=timezone.now())
            note("tenant.purged", takeover, takeover.target_tenant_id, None)
    except ProtectedError:
        logger.exception("Tenant %s is not empty, and stays.", takeover.source_tenant_id)
        return False
    return True
