"""Where an account stands now: may it open anything, and is it among *the organisation* in a grant.

Each question has a form for one account, which says why not, and one for lists; they answer alike.

An account that came into being by proving a mailbox must prove it again from time to time: who has left
an organisation has lost its mailbox. Accounts that an administrator or a directory made are not asked.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from tenants.models import Address, User
from tenants.selectors import has_lapsed, is_blocked, lapsed, not_blocked

NOTICE = dt.timedelta(days=14)


class Standing(Enum):
    GOOD = "good"
    NOT_ACTIVE = "disabled, deleted or closed"
    MAILBOX_NOT_PROVEN = "the mailbox must be proven again"
    OTHER_DOMAIN = "belongs to another organisation"
    NOT_ADMITTED = "a role mailbox that nobody admitted"
    DOMAIN_LAPSED = "the organisation has not proven the domain for long"
    DOMAIN_BLOCKED = "the operator blocked the domain"


@dataclass(frozen=True, slots=True)
class MailboxProof:
    """Of an account that is asked for it: when it was, and when it must be the next time."""

    proven_at: dt.datetime | None
    due_at: dt.datetime | None
    is_over: bool
    is_near: bool


def proof_life() -> dt.timedelta:
    return dt.timedelta(days=settings.MAILBOX_PROOF_DAYS)


def notice() -> dt.timedelta:
    """How long before the end of a proof the next one is asked for."""
    return min(NOTICE, proof_life() / 2)


def opening(user: User, *, now: dt.datetime) -> Standing:
    """Whether the account may open anything at all."""
    if not user.is_active:
        return Standing.NOT_ACTIVE
    proof = mailbox_proof(user, now=now)
    return Standing.MAILBOX_NOT_PROVEN if proof and proof.is_over else Standing.GOOD


def membership(user: User, *, domains: Collection[str], now: dt.datetime) -> Standing:
    """Whether the account is one of the organisation that a grant means by its `domains` (A-labels).

    An account belongs to the domain of its primary address, the one that it has proven.
    """
    standing = opening(user, now=now)
    if standing is not Standing.GOOD:
        return standing
    address = user.primary_address
    if address is None or address.domain_name not in domains:
        return Standing.OTHER_DOMAIN
    if not user.is_admitted:
        return Standing.NOT_ADMITTED
    if has_lapsed(address.domain_name, now):
        return Standing.DOMAIN_LAPSED
    return Standing.DOMAIN_BLOCKED if is_blocked(address.domain_name) else Standing.GOOD


def able_to_open(*, now: dt.datetime) -> QuerySet[User]:
    """The accounts for which `opening` is good."""
    proven = Exists(_primary_addresses().filter(proven_at__gt=now - proof_life()))
    return User.objects.filter(
        ~Q(creation_method=User.CreationMethod.EMAIL_VERIFIED) | Q(proven),
        state=User.State.ACTIVE,
    )


def members(*, domains: Collection[str], now: dt.datetime) -> QuerySet[User]:
    """The accounts for which `membership` is good."""
    open_domains = not_blocked(domains) - lapsed(domains, now)
    inside = Exists(_primary_addresses().filter(domain__name__in=open_domains))
    return able_to_open(now=now).filter(inside).exclude(admission=User.Admission.AWAITED)


def mailbox_proof(user: User, *, now: dt.datetime) -> MailboxProof | None:
    """None for an account that is never asked."""
    if user.creation_method != User.CreationMethod.EMAIL_VERIFIED:
        return None
    address = user.primary_address
    if address is None or address.proven_at is None:
        return MailboxProof(None, None, is_over=True, is_near=True)
    due_at = address.proven_at + proof_life()
    return MailboxProof(
        address.proven_at, due_at, is_over=now >= due_at, is_near=now >= due_at - notice()
    )


def addresses_to_ask(*, now: dt.datetime) -> QuerySet[Address]:
    """Those whose proof ends soon or has ended, and whose holder was not asked since; the first to end first."""
    return Address.objects.filter(
        is_primary=True,
        proof_asked_at__isnull=True,
        proven_at__lte=now - proof_life() + notice(),
        user__creation_method=User.CreationMethod.EMAIL_VERIFIED,
        user__state=User.State.ACTIVE,
    ).order_by("proven_at")


def _primary_addresses() -> QuerySet[Address]:
    return Address.objects.filter(user=OuterRef("pk"), is_primary=True)
