"""Addresses in every state that an account can be in, each in an organisation of its own."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.hashers import make_password
from django.utils import timezone

from signup.models import SignUp
from tenants.models import Address, Domain, Tenant, User
from tests.walk import PASSWORD

NEW, PENDING, REGISTERED, DISABLED, DELETED, CLOSED = STATES = (
    *("new", "pending", "registered", "disabled", "deleted", "closed"),
)
USER_STATES = {REGISTERED: "active", DISABLED: "disabled", DELETED: "deleted", CLOSED: "closed"}


def make(state: str, addresses: Iterable[str], **organisation: bool) -> None:
    """Brings `addresses`, no two of one domain, into `state`; what is new is in a directory that is there."""
    by_domain = {address.partition("@")[2]: address for address in addresses}
    tenants = [Tenant(name=name, **organisation) for name in by_domain]
    Tenant.objects.bulk_create(tenants)
    domains = [Domain(name=tenant.name, tenant=tenant) for tenant in tenants]
    Domain.objects.bulk_create(domains)
    if state == PENDING:
        SignUp.objects.bulk_create(
            SignUp(address=address, domain=name, outcome="confirm", language="en")
            for name, address in by_domain.items()
        )
    if state in USER_STATES:
        _make_users(USER_STATES[state], domains, by_domain)


def _make_users(state: str, domains: list[Domain], by_domain: dict[str, str]) -> None:
    has_address, password = state != "closed", make_password(PASSWORD)
    users = [
        User(
            tenant=domain.tenant,
            email=by_domain[domain.name] if has_address else None,
            state=state,
            password=password,
            creation_method="email_verified",
        )
        for domain in domains
    ]
    User.objects.bulk_create(users)
    if has_address:
        Address.objects.bulk_create(
            Address(
                address=by_domain[domain.name], domain=domain, user=user, proven_at=timezone.now()
            )
            for user, domain in zip(users, domains, strict=True)
        )
