"""Why a sign-up could not go on."""

from __future__ import annotations

from django.utils.translation import gettext as _

from audit.exceptions import Refusal


class SignUpError(Exception):
    """A step of a sign-up that cannot be taken."""


class LinkUnusable(SignUpError):
    """The link cannot be used any more, or never could: the page tells which to a holder of a genuine one."""


class SignUpSwitchedOff(SignUpError):
    """The organisation's administrator does not let people join by themselves (any more)."""


class DocumentsChanged(SignUpError):
    """What the person would accept is not what the page had shown them: it has to show it again."""


class AccountExists(SignUpError):
    """The address has an account by now."""


class AddressIsAGroups(SignUpError):
    """The address is one of a group, in which people are with addresses of their own."""


class NotATable(Refusal):
    def __init__(self) -> None:
        super().__init__(
            _(
                "This is no table of accounts. Give a CSV file in UTF-8 whose first line names its columns: email, "
                "and where wanted first_name, last_name, language."
            )
        )


class FileUnreadable(Refusal):
    def __init__(self, name: str) -> None:
        super().__init__(
            f"The file {name} cannot be opened. Check its name, and who may read and write there."
        )


class ImportOver(Refusal):
    def __init__(self, name: str) -> None:
        super().__init__(
            _("The import of %(file)s is over already: no row is left to stop.") % {"file": name}
        )


class TooManyRows(Refusal):
    def __init__(self, most: int) -> None:
        super().__init__(
            _(
                "A file may have up to %(most)d rows. Split it, and hand over one part after the other."
            )
            % {"most": most}
        )
