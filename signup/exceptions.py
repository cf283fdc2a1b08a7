"""Why a sign-up could not go on."""

from __future__ import annotations


class SignUpError(Exception):
    """A step of a sign-up that cannot be taken."""


class LinkUnusable(SignUpError):
    """The link cannot be used any more, or never could: the page tells which to a holder of a genuine one."""


class SignUpSwitchedOff(SignUpError):
    """The organisation's administrator does not let people join by themselves (any more)."""


class ChallengeNeeded(SignUpError):
    """So much was asked for that whoever asks must show first that a person is there."""


class DocumentsChanged(SignUpError):
    """What the person would accept is not what the page had shown them: it has to show it again."""


class AccountExists(SignUpError):
    """The address has an account by now."""
