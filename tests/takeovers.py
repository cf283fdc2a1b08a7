"""Proofs that are there without asking DNS, and what a directory looks like from outside."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from tenants.flows import prove
from tenants.models import Domain, DomainProof, Tenant, User
from tenants.proving.outcome import Finding, Outcome
from tests.factories import TenantFactory, UserFactory


def proven(actor: User, domain_name: str, *, acting_user: User | None = None) -> DomainProof:
    """The record was asked for and found: all that follows from it has followed."""
    who = acting_user or actor
    proof = prove.request(domain_name=domain_name, actor=actor, acting_user=who)
    return prove.note(proof_id=proof.pk, finding=Finding(Outcome.PROVEN), acting_user=who)


def lost(proof: DomainProof, *, days: int) -> None:
    DomainProof.objects.filter(pk=proof.pk).update(
        proof_lost_at=timezone.now() - dt.timedelta(days=days), failures=3
    )


def managed(name: str) -> User:
    """The administrator of an organisation that has proven its domain, long ago."""
    tenant = TenantFactory.create(name=name)
    member = UserFactory.create(tenant=tenant, email=f"ada@{name}")
    proven(member, name)
    tenant.refresh_from_db()
    member.refresh_from_db()
    return member


def unmanaged(name: str, *, people: int = 3) -> Tenant:
    tenant = TenantFactory.create(name=name)
    for number in range(people):
        UserFactory.create(tenant=tenant, email=f"person{number}@{name}")
    return tenant


def holder(domain_name: str) -> Tenant:
    return Domain.objects.select_related("tenant").get(name=domain_name).tenant
