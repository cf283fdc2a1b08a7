"""Why something in a directory was refused, each with a sentence that says what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _

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


class NoSuchMailboxRule(DirectoryError):
    def __init__(self, name: str) -> None:
        super().__init__(f"There is no rule for the mailbox name {name} here.")


class NoSuchUser(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            f"No account has the address {address}. `list_users DOMAIN` shows those that there are."
        )


class AdmittedAlready(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("The account %(address)s is in organisation-wide grants already.")
            % {"address": address}
        )


class NotAdmitted(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("The account %(address)s is in no organisation-wide grant as it is.")
            % {"address": address}
        )


class NoOrganisation(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("The account %(address)s is an operator's, who belongs to no organisation.")
            % {"address": address}
        )
