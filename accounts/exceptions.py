from __future__ import annotations

from audit.exceptions import Refusal


class SecretsUnreadable(Exception):
    """What second factors are encrypted under was lost: neither SECRET_KEY nor a fallback opens them."""

    # A template that asks for recovery codes shows none; pages that need them say what happened.
    silent_variable_failure = True


class NoSuchAccount(Refusal):
    def __init__(self, address: str) -> None:
        super().__init__(
            f"No account has the address {address}. `list_users DOMAIN` shows the accounts of a domain."
        )
