from __future__ import annotations

from tenants.management.commands import block_domain
from tenants.models import DomainRule


class Command(block_domain.Command):
    help = "Allows a domain and its sub-domains, whatever the lists say of it."
    decision = DomainRule.Decision.ALLOW
