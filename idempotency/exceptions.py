"""Why a request with a key is not done, each with a sentence that says what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _


class KeyRefused(Exception):
    """A refusal; its text is for whoever asked."""


class NotAKey(KeyRefused):
    def __init__(self, longest: int) -> None:
        super().__init__(
            _("A key has 1 to %(longest)d printable characters. Choose another one.")
            % {"longest": longest}
        )


class OtherRequest(KeyRefused):
    def __init__(self) -> None:
        super().__init__(
            _("This key was used for another request. Choose a new one for each thing you ask for.")
        )


class InFlight(KeyRefused):
    def __init__(self) -> None:
        super().__init__(
            _("This is being done right now. Wait some seconds, and ask again with the same key.")
        )
