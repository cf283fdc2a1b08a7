"""The catalogue as it is delivered, and how it comes into the database.

Loading can be repeated: rows that are missing are made, rows that nobody edited are brought up to date, and
what an operator edited stays. Nothing is deleted.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.db import transaction

FILE = Path(__file__).parent / "data" / "catalogue.toml"
Entry = dict[str, Any]


def shipped() -> dict[str, dict[str, Entry]]:
    """`service_plans` by name and `plans` by part number."""
    return tomllib.loads(FILE.read_text("utf-8"))


@transaction.atomic
def load(apps: Apps) -> list[str]:
    """The names of what was made or changed. `apps` so that a migration can use its own models."""
    catalogue = shipped()
    service_plan = apps.get_model("subscriptions", "ServicePlan")
    changed = [
        name
        for name, entry in catalogue["service_plans"].items()
        if _is_changed(service_plan, name, entry)
    ]
    plan = apps.get_model("subscriptions", "Plan")
    return changed + [
        sku for sku, entry in catalogue["plans"].items() if _is_plan_changed(plan, sku, entry)
    ]


def _is_changed(model: Any, key: str, fields: Entry) -> bool:
    row, is_new = model.objects.get_or_create(pk=key, defaults=fields)
    different = {name for name, value in fields.items() if getattr(row, name) != value}
    if row.edited_at or not different:
        return bool(is_new)
    model.objects.filter(pk=key).update(**{name: fields[name] for name in different})
    return True


def _is_plan_changed(model: Any, sku: str, entry: Entry) -> bool:
    fields = {name: value for name, value in entry.items() if name != "service_plans"}
    changed = _is_changed(model, sku, fields)
    row = model.objects.get(pk=sku)
    wanted = set(entry["service_plans"])
    if row.edited_at or wanted == set(row.service_plans.values_list("pk", flat=True)):
        return changed
    row.service_plans.set(wanted)
    return True
