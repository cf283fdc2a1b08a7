"""Why something about an account's addresses was refused, each with a sentence that says what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tenants.exceptions import DirectoryError


class NoSuchAlias(DirectoryError):
    def __init__(self, address: str, account: str) -> None:
        super().__init__(
            _("%(address)s is no address of the account %(account)s. Look at the addresses it has.")
            % {"address": address, "account": account}
        )


class PrimaryAlready(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _("%(address)s is where mail to the account goes already.") % {"address": address}
        )


class PrimaryAddressStays(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _(
                "%(address)s is where mail to the account goes, so it cannot be removed. Make another address the "
                "primary one first."
            )
            % {"address": address}
        )


class AliasNotProven(DirectoryError):
    def __init__(self, address: str) -> None:
        super().__init__(
            _(
                "Nobody has opened the mailbox of %(address)s yet. Enter it as your new address: the mail that "
                "comes then proves it."
            )
            % {"address": address}
        )
