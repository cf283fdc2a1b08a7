"""Whose audit log an administrator reads, and the names in it: the room of the log knows nobody."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db.models import Q
from django.utils.translation import gettext_lazy

from audit.admin import AuditEventAdmin
from audit.names import Names, named_by
from audit.scope import Scope
from tenants.admin_log import logs_of
from tenants.models import Tenant, User

# In the place of a name that whoever asks may not see.
ANOTHERS = gettext_lazy("somebody of another organisation, or who is gone")


def _reach(tenant_id: uuid.UUID) -> Q:
    return Q(tenant_id__in=logs_of(tenant_id))


# A function of a class would take the page as its first argument.
AuditEventAdmin.reach = staticmethod(_reach)


def names_seen_by(ids: Collection[uuid.UUID], seen_by: Scope) -> Names:
    """Operators' names too: an organisation may know who acted there. Nobody's of another organisation."""
    people = User.objects.filter(pk__in=ids, email__isnull=False)
    tenants = Tenant.objects.filter(pk__in=ids)
    if not seen_by.is_everything:
        people = people.filter(Q(tenant=seen_by.tenant_id) | Q(tenant__isnull=True))
        tenants = tenants.filter(pk__in=[seen_by.tenant_id])
    found = {user.pk: str(user) for user in people if not user.is_erased}
    return found | dict(tenants.values_list("pk", "name"))


named_by(names_seen_by)
