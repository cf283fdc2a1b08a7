"""The personal data of this room: which units somebody has."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from subscriptions.models import AssignedLicence, UnitWait, WithheldUnit
from tenants.personal_data import Holding, Person, register


def _licences(person: Person) -> list[Any]:
    rows = AssignedLicence.objects.filter(user=person.user).order_by("assigned_at")
    return list(rows.values("assigned_at", plan=F("subscription__plan_id")))


def _erase(person: Person) -> None:
    AssignedLicence.objects.filter(user=person.user).delete()


def _waits(person: Person) -> dict[str, Any]:
    of_plan = {"plan": F("subscription__plan_id")}
    return {
        "waiting": list(person.user.unit_waits.values("since", **of_plan)),
        "withheld": list(person.user.withheld_units.values("since", **of_plan)),
    }


def _erase_waits(person: Person) -> None:
    UnitWait.objects.filter(user=person.user).delete()
    WithheldUnit.objects.filter(user=person.user).delete()


register(Holding("licences", (AssignedLicence,), _licences, _erase))
register(Holding("units_waited_for", (UnitWait, WithheldUnit), _waits, _erase_waits))
