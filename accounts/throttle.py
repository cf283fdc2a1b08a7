"""How often one may be wrong, without anybody being able to lock somebody else out.

Too many wrong passwords, for an address or from a network, lead to digits that a person can type, never
to a wall. A browser that signed in to the account before is asked for none: it has a count of its own.
Addresses that nobody has are counted alike.

Whoever types codes has the password. Their count belongs to that password: its owner, who can choose a
new one by mail, is back at once, and whoever stole the old one is out.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from accounts import known_browsers, sessions
from limits import networks
from limits.exceptions import ChallengeNeeded
from limits.limit import Limit, take_all
from limits.mailing import Mailing
from tenants.models import User
from tenants.selectors import user_by_typed_address

FAILED_FOR_ADDRESS = Limit("accounts.failed_for_address", "5 in 15 minutes, 20 a day")
FAILED_FROM_NETWORK = Limit("accounts.failed_from_network", "60 in 10 minutes")
FAILED_IN_KNOWN_BROWSER = Limit("accounts.failed_in_known_browser", "10 in 15 minutes, 50 a day")
WRONG_CODES = Limit("accounts.wrong_codes", "5 in 10 minutes, 20 a day")
WRONG_CODES_TOLD = Limit("accounts.wrong_codes_told", "1 a day")
RESET_FROM_NETWORK = Limit("accounts.reset_from_network", "60 in 10 minutes")
# Anybody's address can be typed there, so that page could bomb mailboxes as well as sign-up could.
RESET_MAIL = Mailing("accounts.reset_mail", registered=lambda domain: domain)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a password. It is counted as a failure before anything is checked."""

    counted: tuple[tuple[Limit, str], ...]

    @property
    def is_free(self) -> bool:
        """Whether it may be made without typing digits."""
        return bool(self.counted)

    def succeeded(self) -> None:
        for limit, key in self.counted:
            limit.give_back(key)


def begin(request: HttpRequest, address: str) -> Attempt:
    """An attempt at the password of `address`, in its one spelling where it has one."""
    browser = _known_browser(request, address)
    if browser and FAILED_IN_KNOWN_BROWSER.take(browser):
        return Attempt(((FAILED_IN_KNOWN_BROWSER, browser),))
    uses = ((FAILED_FOR_ADDRESS, address), (FAILED_FROM_NETWORK, networks.of_request(request)))
    return Attempt(()) if take_all(uses) else Attempt(uses)


def _known_browser(request: HttpRequest, address: str) -> str | None:
    if not known_browsers.has_any(request):
        return None
    user = user_by_typed_address(address)
    return known_browsers.known_as(request, user) if user else None


def begin_code(request: HttpRequest, user: User) -> Attempt:
    """An attempt at a code of `user`, whose password was right."""
    browser = known_browsers.known_as(request, user) or "unknown"
    key = f"{user.pk} {sessions.stands_on(request, user)} {browser}"
    return Attempt(((WRONG_CODES, key),) if WRONG_CODES.take(key) else ())


def admit_reset(request: HttpRequest, *, is_person: bool) -> None:
    """Counts a forgotten password. Raises ChallengeNeeded where its network has had many, unless `is_person`."""
    if not RESET_FROM_NETWORK.take(networks.of_request(request)) and not is_person:
        raise ChallengeNeeded
