"""Organisations: tenants, their domains, the accounts in them and the addresses of those."""

from tenants.models.acting import ActingFor
from tenants.models.group import Group, GroupMembership, GroupNesting
from tenants.models.proof import DomainProof
from tenants.models.reset import FactorReset
from tenants.models.rule import DomainRule, MailboxRule
from tenants.models.takeover import (
    DomainHandOver,
    MovedRow,
    Takeover,
    TakeoverNotice,
    TakeoverStep,
)
from tenants.models.tenant import Domain, Tenant
from tenants.models.user import Address, PendingErasure, User, UserManager

__all__ = [
    "ActingFor",
    "Address",
    "Domain",
    "DomainHandOver",
    "DomainProof",
    "DomainRule",
    "FactorReset",
    "Group",
    "GroupMembership",
    "GroupNesting",
    "MailboxRule",
    "MovedRow",
    "PendingErasure",
    "Takeover",
    "TakeoverNotice",
    "TakeoverStep",
    "Tenant",
    "User",
    "UserManager",
]
