from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from audit.commands import READ_AT_ONCE, ListCommand, Row
from tenants.models import Tenant
from tenants.representations import tenant_row


class Command(ListCommand):
    help = "Lists the tenants and their domains, the newest first."
    nothing = "There is no tenant yet: the first one comes into being when somebody signs up."

    def rows(self, **options: Any) -> Iterator[Row]:
        tenants = Tenant.objects.prefetch_related("domains")
        return map(tenant_row, tenants.iterator(READ_AT_ONCE))
