"""Whose audit log an administrator reads: the room of the log knows nobody."""

from __future__ import annotations

import uuid

from django.db.models import Q

from audit.admin import AuditEventAdmin
from tenants.admin_log import logs_of


def _reach(tenant_id: uuid.UUID) -> Q:
    return Q(tenant_id__in=logs_of(tenant_id))


# A function of a class would take the page as its first argument.
AuditEventAdmin.reach = staticmethod(_reach)
