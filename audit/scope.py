"""Whose rows a request may see in the administration: all, one organisation's, or none.

Who that is, is decided above (`decided_by`); until somebody has, nobody sees anything. How rows reach an
organisation, each page says for itself: a page that does not is for operators alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest

KEPT_AS = "audit.scope"
# The path from a row to its organisation's id, or what to ask for where there is no path.
Reach = str | Callable[[uuid.UUID], Q]


def of_all(tenant_id: uuid.UUID) -> Q:
    """Rows that every organisation may see: they belong to none, and tell nothing about any."""
    return Q()


@dataclass(frozen=True, slots=True)
class Scope:
    is_everything: bool = False
    tenant_id: uuid.UUID | None = None

    def covers(self, reach: Reach | None) -> bool:
        """Whether a page whose rows are reached so is open at all."""
        return self.is_everything or (self.tenant_id is not None and reach is not None)

    def rows(self, rows: QuerySet[Any], reach: Reach | None) -> QuerySet[Any]:
        if self.is_everything:
            return rows
        if self.tenant_id is None or reach is None:
            return rows.none()
        if isinstance(reach, str):
            return rows.filter(**{reach: self.tenant_id})
        return rows.filter(reach(self.tenant_id))


EVERYTHING = Scope(is_everything=True)
NOTHING = Scope()


def _nothing(_: HttpRequest) -> Scope:
    return NOTHING


_decide: list[Callable[[HttpRequest], Scope]] = [_nothing]


def decided_by(decide: Callable[[HttpRequest], Scope]) -> None:
    _decide[0] = decide


def of(request: HttpRequest) -> Scope:
    if KEPT_AS not in request.META:
        request.META[KEPT_AS] = _decide[0](request)
    scope: Scope = request.META[KEPT_AS]
    return scope
