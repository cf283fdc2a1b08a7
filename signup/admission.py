"""How much sign-up mail goes out, and when whoever asks must show first that a person is there."""

from __future__ import annotations

from limits.exceptions import ChallengeNeeded
from limits.limit import Limit, take_all
from limits.mailing import Mailing
from signup import domain_lists
from tenants.addresses import Address

FROM_NETWORK = Limit("signup.requests_from_network", "60 in 10 minutes")
MAIL = Mailing("signup.mail", registered=domain_lists.registered_domain)
TO_ADDRESS = MAIL.to_address


def admit(address: Address, *, network: str | None, is_person: bool) -> bool:
    """A request and its mail, as `admit_request` and `admit_mail` one after the other; in one question to the
    store as long as nothing is refused, for then all is counted or nothing.
    """
    uses = MAIL.uses(str(address))
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
    """Counts one mail to `address`; whether it may go out. Raises ChallengeNeeded as `Mailing.admit` does."""
    return MAIL.admit(str(address), is_person=is_person)


def completed(domain: str) -> None:
    """Somebody answered: more mail may go out, once that has committed."""
    MAIL.answered(domain)
