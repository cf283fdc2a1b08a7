"""Resetting somebody's second factors: they lost phone and key, or say so.

Nobody does it to themselves, and an administrator's are reset by no administrator alone: one asks, another one, or
an operator, decides. The password that was good until now is good once more, for choosing a new one.
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.exceptions import (
    AskedAlready,
    DecidedAlready,
    NeedsSomebodyElse,
    NothingToReset,
    RequestTooOld,
    WhoAskedMayNotAnyMore,
)
from accounts.services import end_all_sessions
from audit.services import record
from outbox.services import enqueue
from tenants.access import Power, may, needs_second_person, require
from tenants.models import FactorReset, User
from tenants.selectors import administrators_of

State = FactorReset.State


@transaction.atomic
def reset(*, user: User, acting_user: User | None) -> int:
    """How many factors there were.

    Raises NotAllowed, NothingToReset, or NeedsSomebodyElse where it has to be asked for.
    """
    require(acting_user, Power.RESET_FACTORS, user)
    if needs_second_person(acting_user, user):
        raise NeedsSomebodyElse
    return _reset(user, acting_user)


@transaction.atomic
def ask(*, user: User, acting_user: User) -> FactorReset:
    """Whoever may decide is told by mail, and the account's owner too. Raises NotAllowed, NothingToReset or
    AskedAlready.
    """
    require(acting_user, Power.RESET_FACTORS, user)
    _require_factors(user)
    _decline_old(user)
    try:
        with transaction.atomic():
            request = FactorReset.objects.create(user=user, asked_by=acting_user)
    except IntegrityError:
        raise AskedAlready(str(user)) from None
    _record("user.factors_reset_asked", request, acting_user)
    for person in _who_decides(request):
        _tell("accounts.factors_reset_asked", person, request)
    _tell("accounts.notice.factors_reset_asked", user, request)
    return request


@transaction.atomic
def approve(*, request: FactorReset, acting_user: User | None) -> int:
    """How many factors there were.

    Raises NotAllowed, NeedsSomebodyElse, WhoAskedMayNotAnyMore, RequestTooOld or DecidedAlready.
    """
    require(acting_user, Power.RESET_FACTORS, request.user)
    if acting_user is not None and acting_user.pk == request.asked_by_id:
        raise NeedsSomebodyElse
    if not may(request.asked_by, Power.RESET_FACTORS, request.user):
        raise WhoAskedMayNotAnyMore(str(request.asked_by))
    if request.is_too_old:
        raise RequestTooOld
    _decide(request, State.DONE, acting_user)
    return _reset(request.user, acting_user)


@transaction.atomic
def decline(*, request: FactorReset, acting_user: User | None) -> None:
    """Also by whoever asked. Raises NotAllowed or DecidedAlready."""
    require(acting_user, Power.RESET_FACTORS, request.user)
    _decide(request, State.DECLINED, acting_user)
    _record("user.factors_reset_declined", request, acting_user)


def _reset(user: User, acting_user: User | None) -> int:
    _require_factors(user)
    # Who has gone to another organisation since it was asked who may do this, is not theirs to reset.
    same = User.objects.filter(pk=user.pk, tenant=user.tenant_id)
    if same.update(must_choose_password=True) != 1:
        raise NothingToReset(str(user))
    removed: int = Authenticator.objects.filter(user_id=user.pk).delete()[0]
    end_all_sessions(user=user, acting_user=acting_user)
    record(
        action="user.second_factors_reset",
        subject=f"user:{user.pk}",
        tenant_id=user.tenant_id,
        acting_user=acting_user,
        details={"removed": removed},
    )
    _tell("accounts.notice.second_factors_reset", user)
    return removed


def _require_factors(user: User) -> None:
    if not Authenticator.objects.filter(user_id=user.pk).exists():
        raise NothingToReset(str(user))


def _decline_old(user: User) -> None:
    for request in FactorReset.objects.filter(user=user, state=State.WAITING):
        if request.is_too_old:
            _decide(request, State.DECLINED, None)


def _decide(request: FactorReset, state: State, acting_user: User | None) -> None:
    hit = FactorReset.objects.filter(pk=request.pk, state=State.WAITING).update(
        state=state, decided_by=acting_user, decided_at=timezone.now()
    )
    if hit != 1:
        raise DecidedAlready


def _who_decides(request: FactorReset) -> list[User]:
    tenant = request.user.tenant
    involved = (request.user_id, request.asked_by_id)
    return list(administrators_of(tenant).exclude(pk__in=involved)) if tenant else []


def _record(action: str, request: FactorReset, acting_user: User | None) -> None:
    record(
        action=action,
        subject=f"user:{request.user_id}",
        tenant_id=request.user.tenant_id,
        acting_user=acting_user,
        details={"request": str(request.pk), "asked_by": str(request.asked_by_id)},
    )


def _tell(kind: str, to: User, request: FactorReset | None = None) -> None:
    if to.email:
        context: dict[str, object] = {"request": str(request.pk)} if request else {}
        enqueue(kind=kind, to_address=to.email, language=to.language, context=context)
