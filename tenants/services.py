"""Changing directories. Each change writes its audit row in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit import spelling
from audit.queries import insert
from audit.services import gathered, record
from tenants import role_mailboxes, signals
from tenants.access import require_governs
from tenants.addresses import Address as TypedAddress
from tenants.exceptions import AddressTaken, NoSuchMailboxRule, NoSuchRule
from tenants.models import Address, Domain, DomainRule, MailboxRule, Tenant, User
from tenants.selectors import domain_named


@transaction.atomic(savepoint=False)
def ensure_tenant(*, domain_name: str, acting_user: User | None) -> tuple[Domain, bool]:
    """The domain, with the tenant that has it; both made, unmanaged, if there was none. (domain, made)"""
    domain = domain_named(domain_name)
    if domain:
        return domain, False
    return make_tenant(domain_name=domain_name, acting_user=acting_user)


@transaction.atomic(savepoint=False)
def make_tenant(*, domain_name: str, acting_user: User | None) -> tuple[Domain, bool]:
    """As `ensure_tenant`, where there was none a moment ago.

    Where two first users meet, the unique domain name lets one make the tenant and the other join it.
    """
    try:
        with transaction.atomic(), gathered():
            domain = _create_tenant(domain_name=domain_name, acting_user=acting_user)
        return domain, True
    except IntegrityError:
        return Domain.objects.select_related("tenant").get(name=domain_name), False


def _create_tenant(*, domain_name: str, acting_user: User | None) -> Domain:
    tenant = Tenant.objects.create(name=spelling.shown_domain(domain_name))
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


@transaction.atomic(savepoint=False)
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

    `password_hash` is made before the transaction: hashing takes long on purpose. AddressTaken ends the
    transaction at hand, if there is one: it can only be rolled back.
    """
    try:
        user = User(
            tenant=domain.tenant,
            email=str(address),
            first_name=first_name,
            last_name=last_name,
            password=password_hash,
            language=language,
            creation_method=User.CreationMethod.EMAIL_VERIFIED,
            admission=_admission_of(address),
        )
        insert([user])
        insert([Address(address=str(address), domain=domain, user=user, proven_at=timezone.now())])
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


def _admission_of(address: TypedAddress) -> User.Admission:
    if role_mailboxes.is_role(address.local_part):
        return User.Admission.AWAITED
    return User.Admission.NOT_NEEDED


@transaction.atomic
def create_operator(
    *,
    address: TypedAddress,
    password: str,
    acting_user: User | None,
    must_choose_password: bool = True,
) -> User:
    """An account without tenant that runs the installation. `password` is a first one: whoever gets it chooses
    another at sign-in, unless `must_choose_password` says that nobody had to pass it on. Raises AddressTaken.
    """
    if User.objects.filter(email=str(address)).exists():
        raise AddressTaken
    user = User.objects.create(
        email=str(address),
        role=User.Role.OPERATOR,
        password=make_password(password),
        must_choose_password=must_choose_password,
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
    """Sets the sign-up switches that are given; those that are None stay. Raises NotAllowed."""
    tenant = Tenant.objects.select_for_update().get(id=tenant.id)
    require_governs(acting_user, tenant)
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


_DECIDED = {
    DomainRule.Decision.ALLOW: "allowed",
    DomainRule.Decision.BLOCK: "blocked",
    DomainRule.Decision.PERSONAL: "classed_personal",
}


@transaction.atomic
def decide_domain(
    *, domain_name: str, decision: DomainRule.Decision, reason: str, acting_user: User | None
) -> DomainRule:
    """Allows, blocks or classes as personal a domain on this installation, replacing an earlier decision."""
    rule, _ = DomainRule.objects.update_or_create(
        domain=domain_name, defaults={"decision": decision, "reason": reason}
    )
    record(
        action=f"domain.{_DECIDED[decision]}",
        subject=f"domain:{domain_name}",
        tenant_id=None,
        acting_user=acting_user,
        details={"reason": reason},
    )
    return rule


@transaction.atomic
def drop_domain_rule(
    *, domain_name: str, decisions: Iterable[DomainRule.Decision], acting_user: User | None
) -> None:
    """Takes a decision back, if it is one of `decisions`, so that the lists decide again. Raises NoSuchRule."""
    rules = DomainRule.objects.filter(domain=domain_name)
    dropped = [one for one in decisions if rules.filter(decision=one).delete()[0]]
    if not dropped:
        raise NoSuchRule(domain_name)
    record(
        action=f"domain.un{_DECIDED[dropped[0]]}",
        subject=f"domain:{domain_name}",
        tenant_id=None,
        acting_user=acting_user,
    )


@transaction.atomic
def decide_mailbox(
    *, name: str, decision: MailboxRule.Decision, reason: str, acting_user: User | None
) -> MailboxRule:
    """Adds a name to the role mailboxes or takes it away, for accounts made from now on.

    `name` comes from `role_mailboxes.name_of`.
    """
    rule, _ = MailboxRule.objects.update_or_create(
        name=name, defaults={"decision": decision, "reason": reason}
    )
    _record_mailbox_rule(name, decision.value, acting_user)
    return rule


@transaction.atomic
def drop_mailbox_rule(*, name: str, acting_user: User | None) -> None:
    """Lets the shipped list decide about a name again. Raises NoSuchMailboxRule."""
    deleted, _ = MailboxRule.objects.filter(name=name).delete()
    if not deleted:
        raise NoSuchMailboxRule(name)
    _record_mailbox_rule(name, "shipped", acting_user)


def _record_mailbox_rule(name: str, decision: str, acting_user: User | None) -> None:
    role_mailboxes.forget_rules()
    record(
        action="mailbox_rule.changed",
        subject=f"mailbox_name:{name}",
        tenant_id=None,
        acting_user=acting_user,
        details={"decision": decision},
    )


@transaction.atomic
def prove_mailbox(
    *, user: User, acting_user: User | None, asked_at: dt.datetime | None = None
) -> bool:
    """Whoever holds the account has just opened its mailbox; whether that is news.

    What was asked for before the last proof (`asked_at`) proves nothing any more: a link works once.
    """
    addresses_to_prove = Address.objects.filter(user=user, is_primary=True)
    if asked_at is not None:
        addresses_to_prove = addresses_to_prove.exclude(proven_at__gte=asked_at)
    hit = addresses_to_prove.update(proven_at=timezone.now(), proof_asked_at=None)
    if hit:
        record(
            action="mailbox.proven",
            subject=f"user:{user.pk}",
            tenant_id=user.tenant_id,
            acting_user=acting_user,
        )
    return bool(hit)
