from __future__ import annotations


class SecretsUnreadable(Exception):
    """What second factors are encrypted under was lost: neither SECRET_KEY nor a fallback opens them."""

    # A template that asks for recovery codes shows none; pages that need them say what happened.
    silent_variable_failure = True
