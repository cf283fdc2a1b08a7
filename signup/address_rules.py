"""Which addresses may join: spelling, then this installation's rules, then the lists.

All of it is about the domain, so a refusal tells nothing about anybody's account.
"""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.exceptions import Refusal
from signup import domain_lists
from tenants.addresses import Address, AddressRefused, NeedsInternationalMail, parse
from tenants.models import DomainRule
from tenants.selectors import decision_on, parents


class BlockedDomain(AddressRefused):
    code = "blocked_domain"
    sentence = _(
        "This service does not accept addresses of this domain. "
        "Enter another work address, or ask the people who run this service."
    )


class ReservedName(AddressRefused):
    code = "reserved_name"
    sentence = _(
        "The part after @ is a name for examples, tests or private networks, which no mail reaches. "
        "Enter your work address."
    )


class PublicSuffix(AddressRefused):
    code = "public_suffix"
    sentence = _(
        "The part after @ is an ending that many organisations share, like co.uk. "
        "Enter the whole address, like name@company.co.uk."
    )


class DisposableAddress(AddressRefused):
    code = "disposable_address"
    sentence = _(
        "This is a disposable address, made to be thrown away. "
        "Enter the address that your organisation gave you."
    )


class PersonalAddress(AddressRefused):
    code = "personal_address"
    sentence = _(
        "This is a personal address. "
        "Enter your work or school address, the one that your organisation gave you."
    )


class NotOneOrganisations(Refusal):
    """A name that no organisation can prove to be its own."""


def check(typed: str) -> Address:
    """The address in its one spelling, if it may join. Raises AddressRefused."""
    address = parse(typed)
    if not address.local_part.isascii():
        raise NeedsInternationalMail
    decision = decision_on(address.domain)
    if decision is None:
        _refuse_listed(address.domain)
    else:
        _refuse_decided(decision)
    return address


def refuse_unusable_domain(name: str) -> None:
    """Raises BlockedDomain or PersonalAddress where this installation has decided so about `name` by now.

    For a link that was sent already: a newer list does not take it back, a decision of the operator does.
    """
    _refuse_decided(decision_on(name))


def refuse_unprovable(name: str) -> None:
    """Raises NotOneOrganisations for names that no one organisation has: reserved ones and shared endings.

    Endings of the list's private section too (`github.io`): where strangers get names below one, the name of
    the record could be theirs.
    """
    if decision_on(name) is not None:
        return
    if not domain_lists.reserved().isdisjoint(parents(name)):
        raise NotOneOrganisations(
            gettext(
                "%(domain)s is a name for examples, tests or private networks. Prove a domain that your organisation has registered."
            )
            % {"domain": name}
        )
    if domain_lists.is_shared_ending(name):
        raise NotOneOrganisations(
            gettext(
                "%(domain)s is an ending that many organisations share. Prove your own domain below it."
            )
            % {"domain": name}
        )


def _refuse_decided(decision: str | None) -> None:
    if decision == DomainRule.Decision.BLOCK:
        raise BlockedDomain
    if decision == DomainRule.Decision.PERSONAL:
        raise PersonalAddress


def _refuse_listed(name: str) -> None:
    if not domain_lists.reserved().isdisjoint(parents(name)):
        raise ReservedName
    lists = domain_lists.in_force()
    if lists.is_public_suffix(name):
        raise PublicSuffix
    if lists.is_disposable(name):
        raise DisposableAddress
    if lists.is_consumer(name):
        raise PersonalAddress
