"""Mail to whatever address a stranger types: how much of it goes out, and when a person has to be there first.

Over an address's limit nothing is sent and nothing looks different. Over every other limit there is a
challenge, so that no one can close a page for a domain or for everybody.

Mail to many domains is found by what nobody answers. An answer allows more, mostly to its own domain: what
somebody does with mailboxes of their own must not pay for mail to strangers.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction

from limits.exceptions import ChallengeNeeded
from limits.limit import Limit, allow_more, take_all

EVERYBODY = ""
MORE_FOR_AN_ANSWER = 10
Uses = list[tuple[Limit, str]]


class Mailing:
    """The limits of one kind of mail. `registered` says what of a domain's name somebody registered."""

    def __init__(self, name: str, *, registered: Callable[[str], str]) -> None:
        self._registered = registered
        self.to_address = Limit(f"{name}_to_address", "1 a minute, 3 an hour, 6 a day")
        # anna+1@, anna+2@ … are one mailbox, where its server reads them so.
        self.to_mailbox = Limit(f"{name}_to_mailbox", "10 a day")
        self.to_domain = Limit(f"{name}_to_domain", "100 in 90 days")
        # The whole installation. A day of many newcomers is not an attack: most of them answer within the hour.
        self.unanswered = Limit(f"{name}_unanswered", "75 in 90 days after an hour")
        self.at_once = Limit(f"{name}_at_once", "10000 an hour")
        # What a domain's own answers allow it, whatever becomes of mail to others.
        self.earned = Limit(f"{name}_earned", "0 in 90 days")
        # Which of a domain's mails count as unanswered, until it answers: never too many.
        self.charged = Limit(f"{name}_charged", "1000000 in 90 days")
        self.vouched = Limit(f"{name}_vouched", "3 in 90 days")

    def admit(self, address: str, *, is_person: bool) -> bool:
        """Counts one mail to `address`; whether it may go out.

        Raises ChallengeNeeded where too much mail went to its mailbox or domain, or out at all, without an
        answer, unless `is_person`.
        """
        refused = self._take(address)
        if not refused - {self.to_address}:
            return not refused
        if not is_person:
            raise ChallengeNeeded
        return self.to_address.take(address)

    def answered(self, domain: str) -> None:
        """Somebody used a link: more mail may go to the domain, and out at all, once that has committed."""
        transaction.on_commit(lambda: self._allow_more(domain))

    def uses(self, address: str) -> Uses:
        """What one mail to `address` counts for."""
        charged = (self.charged, self._registered(_domain(address)))
        return [*self._own(address), charged, (self.unanswered, EVERYBODY)]

    def _take(self, address: str) -> set[Limit]:
        refused = take_all(self.uses(address))
        if refused == {self.unanswered}:
            domain = self._registered(_domain(address))
            refused = take_all([*self._own(address), (self.earned, domain)])
        return refused

    def _own(self, address: str) -> Uses:
        return [
            (self.to_address, address),
            (self.to_mailbox, _mailbox(address)),
            (self.to_domain, self._registered(_domain(address))),
            (self.at_once, EVERYBODY),
        ]

    def _allow_more(self, domain: str) -> None:
        registered = self._registered(domain)
        allow_more([(self.to_domain, registered), (self.earned, registered)], MORE_FOR_AN_ANSWER)
        # Beyond a few of one domain, an answer makes good for a mail to that domain, and no more.
        makes_good = self.charged.give_back(registered)
        more = MORE_FOR_AN_ANSWER if self.vouched.take(registered) else int(makes_good)
        if more:
            allow_more([(self.unanswered, EVERYBODY), (self.at_once, EVERYBODY)], more)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _mailbox(address: str) -> str:
    local_part, _, domain = address.rpartition("@")
    return f"{local_part.partition('+')[0]}@{domain}"
