"""Changing directories. Each change writes its audit row in the same transaction."""

from __future__ import annotations

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.services import record
from tenants import addresses, signals
from tenants.addresses import Address as TypedAddress
from tenants.exceptions import AddressTaken, NoSuchRule
from tenants.models import Address, Domain, DomainRule, Tenant, User


@transaction.atomic
def ensure_tenant(*, domain_name: str, acting_user: User | None) -> tuple[Domain, bool]:
    """The domain, with the tenant that has it; both made, unmanaged, if there was none. (domain, made)

    Where two first users meet, the unique domain name lets one make the tenant and the other join it.
    """
    domain = Domain.objects.select_related("tenant").filter(name=domain_name).first()
    if domain:
        return domain, False
    try:
        with transaction.atomic():
            return _create_tenant(domain_name=domain_name, acting_user=acting_user), True
    except IntegrityError:
        return Domain.objects.select_related("tenant").get(name=domain_name), False


def _create_tenant(*, domain_name: str, acting_user: User | None) -> Domain:
    tenant = Tenant.objects.create(name=addresses.shown_domain(domain_name))
    domain = Domain.objects.create(name=domain_name, tenant=tenant)
    record(
        action="tenant.created",
        subject=f"tenant:{tenant.id}",
        tenant_id=tenant.id,
        acting_user=acting_user,
        details={"domain": domain_name},
    )
    signals.tenant_created.send(sender=Tenant, tenant=tenant, acting_user=acting_user)
    return domain


@transaction.atomic
def create_email_verified_user(
    *,
    domain: Domain,
    address: TypedAddress,
    first_name: str,
    last_name: str,
    password_hash: str,
    language: str,
) -> User:
    """The account of somebody who proved the mailbox by opening it. Raises AddressTaken.

    `password_hash` is made before the transaction: hashing takes long on purpose.
    """
    try:
        with transaction.atomic():
            user = User.objects.create(
                tenant=domain.tenant,
                email=str(address),
                first_name=first_name,
                last_name=last_name,
                password=password_hash,
                language=language,
                creation_method=User.CreationMethod.EMAIL_VERIFIED,
            )
            Address.objects.create(
                address=str(address), domain=domain, user=user, proven_at=timezone.now()
            )
    except IntegrityError:
        raise AddressTaken from None
    record(
        action="user.created",
        subject=f"user:{user.id}",
        tenant_id=domain.tenant_id,
        acting_user=user,
        details={"creation_method": user.creation_method},
    )
    return user


@transaction.atomic
def create_operator(*, address: TypedAddress, password: str, acting_user: User | None) -> User:
    """An account without tenant that runs the installation. Raises AddressTaken."""
    if User.objects.filter(email=str(address)).exists():
        raise AddressTaken
    user = User.objects.create(
        email=str(address),
        role=User.Role.OPERATOR,
        password=make_password(password),
        creation_method=User.CreationMethod.ADMIN,
    )
    record(
        action="operator.created",
        subject=f"user:{user.id}",
        tenant_id=None,
        acting_user=acting_user,
    )
    return user


@transaction.atomic
def set_company_settings(
    *,
    tenant: Tenant,
    acting_user: User | None,
    allow_ad_hoc_subscriptions: bool | None = None,
    allow_email_verified_users: bool | None = None,
) -> Tenant:
    """Sets the sign-up switches that are given; those that are None stay."""
    tenant = Tenant.objects.select_for_update().get(id=tenant.id)
    wanted = {
        "allow_ad_hoc_subscriptions": allow_ad_hoc_subscriptions,
        "allow_email_verified_users": allow_email_verified_users,
    }
    changed = {
        name: value
        for name, value in wanted.items()
        if value is not None and value != getattr(tenant, name)
    }
    if not changed:
        return tenant
    for name, value in changed.items():
        setattr(tenant, name, value)
    tenant.save(update_fields=tuple(changed))
    record(
        action="tenant.settings_changed",
        subject=f"tenant:{tenant.id}",
        tenant_id=tenant.id,
        acting_user=acting_user,
        details=dict(changed),
    )
    return tenant


@transaction.atomic
def decide_domain(
    *, domain_name: str, decision: DomainRule.Decision, reason: str, acting_user: User | None
) -> DomainRule:
    """Allows or blocks a domain on this installation, replacing an earlier decision."""
    rule, _ = DomainRule.objects.update_or_create(
        domain=domain_name, defaults={"decision": decision, "reason": reason}
    )
    record(
        action=f"domain.{decision.value}ed",
        subject=f"domain:{domain_name}",
        tenant_id=None,
        acting_user=acting_user,
        details={"reason": reason},
    )
    return rule


@transaction.atomic
def drop_domain_rule(
    *, domain_name: str, decision: DomainRule.Decision, acting_user: User | None
) -> None:
    """Takes a decision back, so that the lists decide again. Raises NoSuchRule."""
    deleted, _ = DomainRule.objects.filter(domain=domain_name, decision=decision).delete()
    if not deleted:
        raise NoSuchRule(domain_name)
    record(
        action=f"domain.un{decision.value}ed",
        subject=f"domain:{domain_name}",
        tenant_id=None,
        acting_user=acting_user,
    )
