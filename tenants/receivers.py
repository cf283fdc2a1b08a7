from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from tenants import acting
from tenants.flows import act_for, administer, domains
from tenants.models import DomainProof, Tenant, User
from tenants.signals import domain_proven


@receiver(domain_proven)
def follow_the_proof(proof: DomainProof, acting_user: User | None, **_: Any) -> None:
    """In an unmanaged tenant whoever proves its domain becomes its administrator; a managed one gets the domain."""
    tenant = Tenant.objects.get(pk=proof.tenant_id)
    is_own = proof.actor.is_administrator and proof.actor.tenant_id == tenant.pk
    if tenant.state == Tenant.State.MANAGED and is_own:
        domains.follow_proof(proof, acting_user)
    else:
        administer.become_administrator(proof, acting_user)


@receiver(user_logged_out)
def cease_to_act(request: HttpRequest, **_: Any) -> None:
    """Whoever signs out acts for nobody any more, and the organisation's log says so."""
    now = acting.of(request)
    if now:
        act_for.end(acting=now)
