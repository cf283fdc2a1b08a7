from __future__ import annotations

from django.core.management.base import CommandParser

from tenants.management.commands import block_domain
from tenants.models import DomainRule


class Command(block_domain.Command):
    help = "Allows a domain and its sub-domains, whatever the lists say of it."
    decision = DomainRule.Decision.ALLOW

    def add_own_arguments(self, parser: CommandParser) -> None:
        """Nothing is disabled where a domain is allowed."""
