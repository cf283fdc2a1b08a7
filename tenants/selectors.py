"""Reading directories. Everything is reached through a tenant, a domain or an address."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable

from django.db.models import F, Q, QuerySet

from audit.queries import Prepared
from tenants import addresses
from tenants.exceptions import NoSuchTakeover, NoSuchTenant, NoSuchUser
from tenants.models import Address, Domain, DomainProof, DomainRule, Takeover, Tenant, User
from tenants.tombstones import spellings

LAPSES_AFTER = dt.timedelta(days=30)


def domain_named(name: str) -> Domain | None:
    """The domain `name` (A-labels), exactly, with the tenant that has it."""
    return next(iter(_domains.rows(name)), None)


_domains = Prepared(
    lambda name: Domain.objects.order_by().select_related("tenant").filter(name=name)
)


def tenant_of_domain(name: str) -> Tenant | None:
    """The tenant that has the domain `name` (A-labels), exactly."""
    domain = domain_named(name)
    return domain.tenant if domain else None


def get_tenant(typed_domain: str) -> Tenant:
    """The tenant of a domain as somebody typed it. Raises NoSuchTenant or AddressRefused."""
    name = addresses.parse_domain(typed_domain)
    tenant = tenant_of_domain(name)
    if tenant is None:
        raise NoSuchTenant(name)
    return tenant


def user_by_address(address: str) -> User | None:
    """The account, in whatever state, that has `address` in its one spelling; an operator's too.

    One question whether or not there is one, so that the time to answer does not tell. Whoever has it in a
    directory comes before an operator.
    """
    found = _accounts.rows(*spellings(address))
    return min(found, key=lambda user: user.is_operator, default=None)


def _accounts_at(*names: str) -> QuerySet[User]:
    # Unordered: the rows would be looked for along the index of the order.
    people, held = User.objects.order_by(), Address.objects.order_by()
    operator = people.filter(email__in=names, tenant__isnull=True).values("id")
    holders = held.filter(address__in=names).values("user_id").union(operator, all=True)
    return people.select_related("tenant").filter(id__in=holders)


_accounts = Prepared(_accounts_at)


def operator_by_address(address: str) -> User | None:
    return next(iter(_operators.rows(*spellings(address))), None)


_operators = Prepared(
    lambda *names: User.objects.order_by().filter(email__in=names, tenant__isnull=True)
)


def user_by_typed_address(typed: str) -> User | None:
    """As `user_by_address`, from what somebody typed; None also for what is no address."""
    try:
        return user_by_address(str(addresses.parse(typed)))
    except addresses.AddressRefused:
        return None


def get_user(typed: str) -> User:
    """The account, in whatever state, of an address as somebody typed it. Raises NoSuchUser or AddressRefused."""
    address = str(addresses.parse(typed))
    user = user_by_address(address)
    if user is None:
        raise NoSuchUser(address)
    return user


def users_of(tenant: Tenant) -> QuerySet[User]:
    """With their addresses, which rows of lists show."""
    return User.objects.filter(tenant=tenant).prefetch_related("addresses")


def is_blocked(name: str) -> bool:
    """Whether this installation lets nobody join with the domain `name`: blocked, or classed as personal."""
    return decision_on(name) in DomainRule.REFUSING


def not_blocked(names: Iterable[str]) -> set[str]:
    """Those of `names` that this installation has not blocked, in one query."""
    above = {name: parents(name) for name in names}
    rules = DomainRule.objects.filter(
        domain__in={domain for all_ in above.values() for domain in all_}
    )
    decided = dict(rules.values_list("domain", "decision"))
    nearest = {
        name: next((decided[domain] for domain in domains if domain in decided), None)
        for name, domains in above.items()
    }
    return {name for name, decision in nearest.items() if decision not in DomainRule.REFUSING}


def administrators_of(tenant: Tenant) -> QuerySet[User]:
    """Those who can act."""
    return users_of(tenant).filter(role=User.Role.ADMINISTRATOR, state=User.State.ACTIVE)


def domain_to_prove(user: User) -> str | None:
    """The domain by which `user` may become the administrator of an organisation that has none yet."""
    if user.tenant is None or user.tenant.state != Tenant.State.UNMANAGED or not user.is_active:
        return None
    # Where mail goes is the primary address: the welcome page needs not ask for the row.
    return user.email.rpartition("@")[2] if user.email else None


def domains_left_to_prove(user: User) -> list[str]:
    """As `domain_to_prove`, all that are missing: an organisation with several domains is taken over by proving each.
    The user's own comes first.
    """
    own = domain_to_prove(user)
    if own is None or user.tenant is None:
        return []
    proven = proofs_by(user).filter(state=DomainProof.State.PROVEN).values("domain_name")
    left = user.tenant.domains.exclude(name__in=proven).values_list("name", flat=True)
    return sorted(left, key=lambda name: (name != own, name))


def proofs_by(user: User) -> QuerySet[DomainProof]:
    """Those that `user` asked for, for the organisation that they are in; administrators have them in common."""
    proofs = DomainProof.objects.select_related("tenant").filter(tenant=user.tenant_id)
    return proofs if user.is_administrator else proofs.filter(actor=user)


def proofs_seen_by(user: User) -> QuerySet[DomainProof]:
    """As `proofs_by`; operators see every one."""
    return proofs_of(None) if user.is_superuser else proofs_by(user)


def proofs_of(domain_name: str | None) -> QuerySet[DomainProof]:
    """Every tenant's, for operators; of all domains where none is named."""
    proofs = DomainProof.objects.select_related("tenant", "actor")
    return proofs.filter(domain_name=domain_name) if domain_name else proofs


def takeovers_of(domain_name: str | None) -> QuerySet[Takeover]:
    """The newest first; of all domains where none is named."""
    return (
        Takeover.objects.filter(domain_name=domain_name) if domain_name else Takeover.objects.all()
    )


def get_takeover(domain_name: str) -> Takeover:
    """The newest takeover of a domain. Raises NoSuchTakeover."""
    takeover = takeovers_of(domain_name).first()
    if takeover is None:
        raise NoSuchTakeover(domain_name)
    return takeover


def endangered_proofs(tenant: Tenant) -> QuerySet[DomainProof]:
    """Proofs whose record was not found lately: what the tenant's administrators must look after."""
    proven = DomainProof.objects.filter(tenant=tenant, state=DomainProof.State.PROVEN)
    return proven.filter(Q(failures__gt=0) | Q(proof_lost_at__isnull=False))


def proofs_in_danger(tenant_id: uuid.UUID | None) -> QuerySet[DomainProof]:
    """As `endangered_proofs`, of managed tenants, or of one of them; those that were lost first come first."""
    proven = DomainProof.objects.filter(
        state=DomainProof.State.PROVEN, failures__gt=0, tenant__state=Tenant.State.MANAGED
    )
    if tenant_id:
        proven = proven.filter(tenant=tenant_id)
    return proven.order_by(F("proof_lost_at").asc(nulls_last=True), "domain_name")


def lapsed(names: Iterable[str], now: dt.datetime) -> set[str]:
    """Those of `names` whose managed tenant lost its proof 30 days ago, or longer, and did not find it again.

    Nobody joins through such a domain, and its organisation-wide grants rest. A tenant that nobody administers
    never leant on a proof.
    """
    above = {name for domain in names for name in parents(domain)}
    lost = DomainProof.objects.filter(
        domain_name__in=above,
        state=DomainProof.State.PROVEN,
        proof_lost_at__lte=now - LAPSES_AFTER,
    )
    losers = set(lost.values_list("tenant", flat=True))
    if not losers:
        return set()
    held = Domain.objects.filter(
        name__in=names, tenant__in=losers, tenant__state=Tenant.State.MANAGED
    )
    return {domain.name for domain in held if _is_lost(proof_behind(domain), now)}


def _is_lost(proof: DomainProof | None, now: dt.datetime) -> bool:
    lost_at = proof.proof_lost_at if proof else None
    return lost_at is not None and lost_at <= now - LAPSES_AFTER


def proof_behind(domain: Domain) -> DomainProof | None:
    """What its tenant holds the domain by: its proof, or that of the nearest domain above it, with which it was
    taken along.
    """
    proven = DomainProof.objects.filter(
        domain_name__in=parents(domain.name),
        tenant=domain.tenant_id,
        state=DomainProof.State.PROVEN,
    )
    return max(proven, key=lambda proof: len(proof.domain_name), default=None)


def has_lapsed(name: str, now: dt.datetime) -> bool:
    return bool(lapsed([name], now))


def decision_on(name: str) -> str | None:
    """What this installation decided about a domain: about itself, or about the nearest domain above it."""
    above = parents(name)
    decided = dict(_decided.values(*above))
    return next((decided[domain] for domain in above if domain in decided), None)


_decided = Prepared(
    lambda *names: (
        DomainRule.objects.order_by().filter(domain__in=names).values_list("domain", "decision")
    )
)


def parents(name: str) -> list[str]:
    """`a.b.c` → `a.b.c`, `b.c`, `c`."""
    labels = name.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]
