"""Writing the journal of takeovers, and the locks under which one is carried out."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import origin
from audit.exceptions import Refusal
from audit.services import record
from tenants import signals
from tenants.address_check import require_kept
from tenants.models import Domain, Takeover, TakeoverStep, Tenant, User
from tenants.selectors import administrators_of
from tenants.takeover import refusals
from tenants.takeover.exceptions import MovedOn, NobodyLeft, UnderWay
from tenants.takeover.registry import Line, Move, Plan, belongings

UNDO_FOR = dt.timedelta(days=30)
# So long an operator's decision to stop a takeover holds against the same taker.
STOPPED_FOR = dt.timedelta(days=30)
State = Takeover.State


def plan_for(domain: Domain, target: Tenant) -> Plan:
    """All of an unmanaged tenant goes with its last domain."""
    others = Domain.objects.filter(tenant=domain.tenant).exclude(pk=domain.pk).exists()
    is_whole = domain.tenant.state == Tenant.State.UNMANAGED and not others
    return Plan(domain, domain.tenant, target, is_whole=is_whole)


def lines_of(plan: Plan) -> list[Line]:
    return [line for belonging in belongings() for line in belonging.preview(plan)]


def prepare(
    *,
    kind: Takeover.Kind,
    plan: Plan,
    acting_user: User | None,
    administrator: User | None = None,
    proof_id: uuid.UUID | None = None,
    reason: str = "",
) -> Takeover:
    """The row that says what shall be done. Raises UnderWay where the domain has one that has not ended."""
    whose = origin.current().on_behalf_of
    try:
        with transaction.atomic():
            takeover = Takeover.objects.create(
                kind=kind,
                domain_name=plan.domain.name,
                source_tenant_id=plan.source.pk,
                source_name=plan.source.name,
                target_tenant_id=plan.target.pk,
                target_name=plan.target.name,
                actor_id=acting_user.pk if acting_user else None,
                on_behalf_of_id=whose.id if whose else None,
                administrator_id=administrator.pk if administrator else None,
                proof_id=proof_id,
                is_whole=plan.is_whole,
                reason=reason,
            )
            note("takeover.begun", takeover, takeover.target_tenant_id, acting_user)
    except IntegrityError:
        raise UnderWay(plan.domain.name) from None
    return takeover


def settle(
    takeover_id: uuid.UUID, state: Takeover.State, work: Callable[[Takeover], None]
) -> Takeover:
    """One transaction of `work`, where the takeover is in `state`. A refusal ends it, and is noted and raised."""
    try:
        with transaction.atomic():
            takeover = Takeover.objects.select_for_update().get(pk=takeover_id)
            if takeover.state == state:
                work(takeover)
        return takeover
    except Refusal as refusal:
        give_up(takeover_id, state, refusal)
        raise


@transaction.atomic
def give_up(takeover_id: uuid.UUID, state: Takeover.State, refusal: Refusal) -> None:
    """What was prepared is refused; what was to be undone stays done. The journal says why."""
    became = State.REFUSED if state == State.PREPARED else State.DONE
    hit = Takeover.objects.filter(pk=takeover_id, state=state)
    if hit.update(state=became, given_up_at=None, **refusals.kept(refusal)):
        takeover = Takeover.objects.get(pk=takeover_id)
        note("takeover.refused", takeover, takeover.target_tenant_id, None)


def lock(takeover: Takeover, holder_id: uuid.UUID) -> tuple[Domain, Tenant, Tenant]:
    """The domain, its source and its target. Who joins them waits until this has ended, and this until those have
    who came first. Raises MovedOn where the domain is not `holder_id`'s any more.
    """
    ids = (takeover.source_tenant_id, takeover.target_tenant_id)
    found = Tenant.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    tenants = {tenant.pk: tenant for tenant in found}
    domains = Domain.objects.select_for_update().filter(name=takeover.domain_name)
    domain = domains.filter(tenant=holder_id).first()
    if domain is None or len(tenants) != len(set(ids)):
        raise MovedOn(takeover.domain_name)
    domain.tenant = tenants[holder_id]
    return domain, tenants[ids[0]], tenants[ids[1]]


def was_stopped(domain_name: str, taker: Tenant, person: User | None = None) -> bool:
    """Whether an operator stopped this taker's takeover of the domain not long ago; that of `person`, if given."""
    stopped = Takeover.objects.filter(
        domain_name=domain_name, target_tenant_id=taker.pk, state=State.UNDONE, is_stopped=True
    )
    if person:
        stopped = stopped.filter(kind=Takeover.Kind.INTERNAL, administrator_id=person.pk)
    return stopped.filter(undone_at__gt=timezone.now() - STOPPED_FOR).exists()


def actor(account_id: uuid.UUID | None) -> User | None:
    """Who asked for it; rows of accounts stay for good."""
    return User.objects.get(pk=account_id) if account_id else None


def carry_out(move: Move) -> None:
    """Raises NobodyLeft where a managed source would have no active administrator any more."""
    for belonging in belongings():
        belonging.move(move)
        step(move.takeover, belonging.name, is_back=move.is_back)
    require_kept((move.source.pk, move.target.pk))
    if move.source.state == Tenant.State.MANAGED and not administrators_of(move.source).exists():
        raise NobodyLeft(move.domain.name)


def step(takeover: Takeover, name: str, *, is_back: bool = False) -> None:
    TakeoverStep.objects.create(takeover=takeover, name=name, is_back=is_back)


def finish(takeover: Takeover) -> None:
    """Nobody comes along with a domain that is released, so there is nobody to limit."""
    now, hours = timezone.now(), settings.TAKEOVER_LIMITED_HOURS
    takeover.state, takeover.done_at = State.DONE, now
    moves = takeover.kind != Takeover.Kind.RELEASE
    takeover.limited_until = now + dt.timedelta(hours=hours if moves else 0)
    takeover.undo_until = now + UNDO_FOR
    takeover.given_up_at = None
    takeover.save()


def finish_back(takeover: Takeover) -> None:
    takeover.state, takeover.undone_at = State.UNDONE, timezone.now()
    takeover.given_up_at = None
    takeover.save(update_fields=("state", "undone_at", "given_up_at"))


def note(
    action: str,
    takeover: Takeover,
    tenant_id: uuid.UUID,
    acting_user: User | None,
    **details: object,
) -> None:
    record(
        action=action,
        subject=f"domain:{takeover.domain_name}",
        tenant_id=tenant_id,
        acting_user=acting_user,
        details={
            "takeover": str(takeover.pk),
            "kind": takeover.kind,
            "from": str(takeover.source_tenant_id),
            "to": str(takeover.target_tenant_id),
            **details,
        },
    )
    signals.takeover_noted.send(Takeover, takeover=takeover, what=action, tenant_id=tenant_id)
