"""For which organisation the operator at hand acts: kept in the session, asked for once a request."""

from __future__ import annotations

import uuid

from django.http import HttpRequest

from tenants.models import ActingFor, User

KEPT_IN_SESSION = "acting_for"
KEPT_AS = "tenants.acting_for"


def of(request: HttpRequest) -> ActingFor | None:
    """Also one whose time is over, so that what was meant for one organisation is not done to all."""
    if KEPT_AS not in request.META:
        request.META[KEPT_AS] = _found(request)
    acting: ActingFor | None = request.META[KEPT_AS]
    return acting


def remember(request: HttpRequest, acting: ActingFor) -> None:
    request.session[KEPT_IN_SESSION] = str(acting.pk)


def forget(request: HttpRequest) -> None:
    request.session.pop(KEPT_IN_SESSION, None)


def _found(request: HttpRequest) -> ActingFor | None:
    kept = request.session.get(KEPT_IN_SESSION)
    if not kept or not isinstance(request.user, User) or not request.user.is_superuser:
        return None
    rows = ActingFor.objects.select_related("operator", "tenant", "administrator__tenant")
    return rows.filter(pk=uuid.UUID(kept), operator=request.user).first()
