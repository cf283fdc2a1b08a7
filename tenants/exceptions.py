"""Why something in a directory was refused, each with a sentence that says what to do next."""

from __future__ import annotations

from audit.exceptions import Refusal


class DirectoryError(Refusal):
    """A refusal; its text is for the person who asked."""


class NoSuchTenant(DirectoryError):
    def __init__(self, domain: str) -> None:
        super().__init__(
            f"No tenant has the domain {domain}. `list_tenants` shows the domains that have one."
        )


class AddressTaken(DirectoryError):
    def __init__(self) -> None:
        super().__init__("An account has this address already.")


class NoSuchRule(DirectoryError):
    def __init__(self, domain: str) -> None:
        super().__init__(f"{domain} is not blocked here.")
