"""How much sign-up mail goes out, and when whoever asks must show first that a person is there.

Over an address's limit nothing is sent and nothing looks different. Over every other limit there is a
challenge, so that no one can close sign-up for a network, a domain or everybody.
"""

from __future__ import annotations

from django.db import transaction

from limits.limit import Limit, allow_more, take_all
from signup import domain_lists
from signup.exceptions import ChallengeNeeded
from tenants.addresses import Address

FROM_NETWORK = Limit("signup.requests_from_network", "60 in 10 minutes")
TO_ADDRESS = Limit("signup.mail_to_address", "1 a minute, 3 an hour, 6 a day")
TO_DOMAIN = Limit("signup.mail_to_domain", "100 in 90 days")
# The whole installation. A day of many newcomers is not an attack: most of them answer within the hour.
UNANSWERED = Limit("signup.mail_unanswered", "75 in 90 days after an hour")
AT_ONCE = Limit("signup.mail_at_once", "10000 an hour")
EVERYBODY = ""
MORE_FOR_A_COMPLETION = 10


def admit(address: Address, *, network: str | None, is_person: bool) -> bool:
    """A request and its mail, as `admit_request` and `admit_mail` one after the other; in one question to the
    store as long as nothing is refused, for then all is counted or nothing.
    """
    uses = _mail_uses(address)
    if network is not None:
        uses.append((FROM_NETWORK, network))
    if not take_all(uses):
        return True
    admit_request(network, is_person=is_person)
    return admit_mail(address, is_person=is_person)


def admit_request(network: str | None, *, is_person: bool) -> None:
    """Counts a request. Raises ChallengeNeeded where its network has had many, unless `is_person`."""
    if network is not None and not FROM_NETWORK.take(network) and not is_person:
        raise ChallengeNeeded


def admit_mail(address: Address, *, is_person: bool) -> bool:
    """Counts one mail to `address`; whether it may go out.

    Raises ChallengeNeeded where too much mail went to its domain, or out at all, without an answer,
    unless `is_person`.
    """
    refused = take_all(_mail_uses(address))
    if not refused - {TO_ADDRESS}:
        return not refused
    if not is_person:
        raise ChallengeNeeded
    return TO_ADDRESS.take(str(address))


def completed(domain: str) -> None:
    """Somebody answered: more mail may go to the domain, and out at all, once that has committed."""
    transaction.on_commit(lambda: allow_more(_shared(domain), MORE_FOR_A_COMPLETION))


def _mail_uses(address: Address) -> list[tuple[Limit, str]]:
    return [(TO_ADDRESS, str(address)), *_shared(address.domain)]


def _shared(domain: str) -> list[tuple[Limit, str]]:
    registered = domain_lists.registered_domain(domain)
    return [(TO_DOMAIN, registered), (UNANSWERED, EVERYBODY), (AT_ONCE, EVERYBODY)]
