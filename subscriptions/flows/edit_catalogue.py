"""The catalogue as it is delivered, and as operators edit it."""

from __future__ import annotations

from django.apps import apps
from django.db import transaction
from django.utils import timezone

from audit.services import record
from subscriptions import catalogue, selectors
from subscriptions.models import Plan, ServicePlan
from tenants.models import User


@transaction.atomic
def load_catalogue(*, acting_user: User | None) -> list[str]:
    """Brings the delivered plans into the database; the names of what was made or changed."""
    changed = catalogue.load(apps)
    if changed:
        record(
            action="catalogue.loaded",
            subject="catalogue:shipped",
            tenant_id=None,
            acting_user=acting_user,
            details={"changed": changed},
        )
    return changed


@transaction.atomic
def note_edit(*, row: Plan | ServicePlan, acting_user: User | None, is_new: bool) -> None:
    """What an operator wrote into the catalogue is kept from now on, and the log has it as it is now."""
    type(row)._default_manager.filter(pk=row.pk).update(edited_at=timezone.now())
    kind = "plan" if isinstance(row, Plan) else "service_plan"
    record(
        action=f"{kind}.{'created' if is_new else 'changed'}",
        subject=f"{row._meta.model_name}:{row.pk}",
        tenant_id=None,
        acting_user=acting_user,
        details=selectors.as_it_is(row),
    )
