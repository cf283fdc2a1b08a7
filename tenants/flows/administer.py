"""Internal takeover: a member of an unmanaged tenant proved its domain, and becomes its administrator.

It is part of the transaction that notes the proof, so it is done with it or not at all.
"""

from __future__ import annotations

from tenants import locks
from tenants.access import operates
from tenants.models import Address, Domain, DomainProof, Takeover, TakeoverNotice, Tenant, User
from tenants.takeover.exceptions import StoppedBefore, TakenAlready
from tenants.takeover.journal import finish, finish_back, note, prepare, step, was_stopped
from tenants.takeover.notices import tell
from tenants.takeover.registry import Plan

SWITCHES = ("allow_ad_hoc_subscriptions", "allow_email_verified_users")
TENANT = "tenant"
Kind = Takeover.Kind


def become_administrator(proof: DomainProof, acting_user: User | None) -> Takeover | None:
    """None while the tenant has further domains that the same member has not proven.

    Raises TakenAlready where somebody else was first, or StoppedBefore.
    """
    tenant = locks.hold_alone(proof.tenant_id)
    if tenant.state == Tenant.State.MANAGED:
        raise TakenAlready(proof.domain_name)
    refuse_who_was_stopped(proof.domain_name, proof.actor, acting_user)
    if _has_more_to_prove(proof):
        return None
    domain = Domain.objects.get(name=proof.domain_name, tenant=tenant)
    takeover = prepare(
        kind=Kind.INTERNAL,
        plan=Plan(domain, tenant, tenant, is_whole=False),
        acting_user=acting_user,
        administrator=proof.actor,
        proof_id=proof.pk,
    )
    _hand_to(proof.actor, tenant, takeover)
    finish(takeover)
    people = User.objects.filter(tenant=tenant)
    tell(
        stage=TakeoverNotice.Stage.TAKEN,
        tenant=tenant,
        people=people,
        person_id=proof.actor_id,
        organisation=tenant.name,
        takeover=takeover,
    )
    note("takeover.done", takeover, tenant.pk, acting_user, administrator=str(proof.actor_id))
    return takeover


def refuse_who_was_stopped(domain_name: str, actor: User, acting_user: User | None) -> None:
    """Whom an operator stopped needs an operator, who runs the command. Raises StoppedBefore."""
    if not operates(acting_user) and actor.tenant and was_stopped(domain_name, actor.tenant, actor):
        raise StoppedBefore(domain_name)


def _has_more_to_prove(proof: DomainProof) -> bool:
    """Members of a domain have not been asked by whoever proved another one."""
    proven = DomainProof.objects.filter(
        tenant=proof.tenant_id, actor=proof.actor_id, state=DomainProof.State.PROVEN
    ).values("domain_name")
    return Domain.objects.filter(tenant=proof.tenant_id).exclude(name__in=proven).exists()


def _hand_to(person: User, tenant: Tenant, takeover: Takeover) -> None:
    before = {name: getattr(tenant, name) for name in SWITCHES}
    takeover.moved.create(kind=TENANT, row_id=tenant.pk, before=before)
    unmanaged = Tenant.objects.filter(pk=tenant.pk, state=Tenant.State.UNMANAGED)
    members = User.objects.filter(pk=person.pk, tenant=tenant, state=User.State.ACTIVE)
    if unmanaged.update(state=Tenant.State.MANAGED) != 1:
        raise TakenAlready(takeover.domain_name)
    step(takeover, "tenant")
    if members.update(role=User.Role.ADMINISTRATOR) != 1:
        raise TakenAlready(takeover.domain_name)
    step(takeover, "administrator")


def leave_to_nobody(takeover: Takeover, acting_user: User | None) -> None:
    """Nobody administers the tenant any more: an operator stopped it, see `oversee.stop`."""
    tenant = locks.hold_alone(takeover.target_tenant_id)
    _leave(tenant, takeover)
    finish_back(takeover)
    people = User.objects.filter(tenant=tenant)
    tell(stage=TakeoverNotice.Stage.ENDED, tenant=tenant, people=people, takeover=takeover)
    note("takeover.stopped", takeover, tenant.pk, acting_user, reason=takeover.reason)


def _leave(tenant: Tenant, takeover: Takeover) -> None:
    """The switches are as they were, nobody has a role, and no proof holds."""
    held = Domain.objects.filter(tenant=tenant)
    list(held.select_for_update().order_by("pk"))
    before = takeover.moved.get(kind=TENANT).before
    Tenant.objects.filter(pk=tenant.pk).update(state=Tenant.State.UNMANAGED, **before)
    User.objects.filter(tenant=tenant, role=User.Role.ADMINISTRATOR).update(role=User.Role.MEMBER)
    proofs = DomainProof.objects.filter(tenant=tenant)
    proofs.filter(state__in=(DomainProof.State.WAITING, DomainProof.State.PROVEN)).update(
        state=DomainProof.State.SUPERSEDED, next_check_at=None
    )
    # Addresses that nobody proved rest on a domain that somebody did.
    resting = Address.objects.filter(domain__in=held, proven_at__isnull=True).values("domain")
    held.exclude(pk__in=resting).update(state=Domain.State.UNVERIFIED)
