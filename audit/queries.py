from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)


def one_or_none(rows: QuerySet[Row]) -> Row | None:
    """The one row there is, or None. Unlike `first`, it asks for no order, which one row does not need."""
    try:
        return rows.get()
    except ObjectDoesNotExist:
        return None
