"""Reading directories. Everything is reached through a tenant, a domain or an address."""

from __future__ import annotations

from django.db.models import QuerySet

from tenants import addresses
from tenants.exceptions import NoSuchTenant
from tenants.models import Address, Domain, DomainRule, Tenant, User


def tenant_of_domain(name: str) -> Tenant | None:
    """The tenant that has the domain `name` (A-labels), exactly."""
    domain = Domain.objects.select_related("tenant").filter(name=name).first()
    return domain.tenant if domain else None


def get_tenant(typed_domain: str) -> Tenant:
    """The tenant of a domain as somebody typed it. Raises NoSuchTenant or AddressRefused."""
    name = addresses.parse_domain(typed_domain)
    tenant = tenant_of_domain(name)
    if tenant is None:
        raise NoSuchTenant(name)
    return tenant


def user_by_address(address: str) -> User | None:
    """The account, in whatever state, that has `address` in its one spelling; an operator's too."""
    held = Address.objects.select_related("user__tenant").filter(address=address).first()
    if held:
        return held.user
    return User.objects.filter(email=address, tenant__isnull=True).first()


def user_by_typed_address(typed: str) -> User | None:
    """As `user_by_address`, from what somebody typed; None also for what is no address."""
    try:
        return user_by_address(str(addresses.parse(typed)))
    except addresses.AddressRefused:
        return None


def users_of(tenant: Tenant) -> QuerySet[User]:
    return User.objects.filter(tenant=tenant)


def rule_for(name: str) -> DomainRule | None:
    """This installation's rule for a domain: its own, or that of the nearest domain above it."""
    rules = {rule.domain: rule for rule in DomainRule.objects.filter(domain__in=parents(name))}
    return next((rules[parent] for parent in parents(name) if parent in rules), None)


def parents(name: str) -> list[str]:
    """`a.b.c` → `a.b.c`, `b.c`, `c`."""
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]
