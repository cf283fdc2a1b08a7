"""Everything that is kept about a person, for that person."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from audit.services import record
from tenants.access import Power, require
from tenants.former_addresses import former_addresses
from tenants.models import Address, User
from tenants.personal_data import Person, holdings


@transaction.atomic
def export(*, user: User, acting_user: User | None) -> dict[str, Any]:
    """Each room's part under its name, for JSON. Raises NotAllowed."""
    require(acting_user, Power.EXPORT, user)
    now = timezone.now()
    held = Address.objects.filter(user=user).values_list("address", flat=True)
    former = tuple(former_addresses(user))
    person = Person(user, tuple({user.email or "", *held} - {""}), until=now, former=former)
    answer = {holding.name: holding.export(person) for holding in holdings()}
    record(
        action="user.exported",
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
    )
    return {"exported_at": now} | answer
