"""The personal data of signing in: sessions, and second factors without their secrets."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession

from accounts.services import forget_sessions
from tenants.models import FactorReset
from tenants.personal_data import Holding, Person, register


def _sessions(person: Person) -> list[dict[str, Any]]:
    rows = UserSession.objects.filter(user_id=person.user.pk).order_by("created_at")
    kept: list[dict[str, Any]] = list(rows.values("created_at", "last_seen_at", "ip", "user_agent"))
    return kept


def _erase_sessions(person: Person) -> None:
    forget_sessions(user=person.user)


def _factors(person: Person) -> list[dict[str, Any]]:
    rows = Authenticator.objects.filter(user_id=person.user.pk).order_by("created_at")
    return [
        {
            "kind": factor.get_type_display(),
            "name": factor.wrap().name if factor.type == Authenticator.Type.WEBAUTHN else None,
            "created_at": factor.created_at,
            "last_used_at": factor.last_used_at,
        }
        for factor in rows
    ]


def _resets(person: Person) -> list[dict[str, Any]]:
    rows = FactorReset.objects.filter(user_id=person.user.pk).order_by("created_at")
    return [dict(row) for row in rows.values("created_at", "state", "decided_at")]


def _keep_resets(person: Person) -> None:
    """They hold ids alone, and tell who decided about whom."""


def _erase_factors(person: Person) -> None:
    Authenticator.objects.filter(user_id=person.user.pk).delete()


register(Holding("sessions", (UserSession,), _sessions, _erase_sessions))
register(Holding("resets_of_second_factors", (FactorReset,), _resets, _keep_resets))
register(Holding("second_factors", (Authenticator,), _factors, _erase_factors))
