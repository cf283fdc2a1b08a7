from __future__ import annotations

from typing import Any

from audit.commands import ListCommand, Row
from tenants.models import Tenant
from tenants.representations import tenant_row


class Command(ListCommand):
    help = "Lists the tenants and their domains, the newest first."
    nothing = "There is no tenant yet: the first one comes into being when somebody signs up."

    def rows(self, **options: Any) -> list[Row]:
        return [tenant_row(tenant) for tenant in Tenant.objects.prefetch_related("domains")]
