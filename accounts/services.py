from __future__ import annotations

from django.db import transaction

from audit.services import record
from tenants.models import User


@transaction.atomic
def change_profile(
    *, user: User, first_name: str, last_name: str, acting_user: User | None
) -> None:
    User.objects.filter(pk=user.pk).update(first_name=first_name, last_name=last_name)
    record(
        action="user.profile_changed",
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
    )
