"""One spelling for an e-mail address, so that one mailbox is one identity.

Domains become UTS-46 A-labels (non-transitional, RFC 5891); of local parts only the ASCII letters are
lower-cased. Case folding beyond ASCII would let a look-alike address (`ſ` for `s`, the Kelvin sign for
`k`) take over somebody's account.
"""

from __future__ import annotations

import re
import string
from dataclasses import dataclass

import idna
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.exceptions import Refusal

LONGEST_ADDRESS = 254  # RFC 5321, 4.5.3.1.3, less the angle brackets
LONGEST_LOCAL_PART = 64  # RFC 5321, 4.5.3.1.1, in octets
LONGEST_TYPED = 1024
ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# RFC 5322, 3.2.3 (dot-atom), with the characters beyond ASCII of RFC 6532, 3.1.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
LOCAL_PART = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
# The two format characters that domain names may have, where RFC 5892 (A.1, A.2) lets them stand.
JOINERS = {0x200C: None, 0x200D: None}
# RFC 2047: mail software would decode `=?utf-8?q?anna?=` into somebody else's address.
ENCODED_WORD = "=?"
# Letters and marks to Unicode, nothing to the eye: `anna` and such a one would look the same.
INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]+")


class AddressRefused(Refusal):
    """An address that cannot be used; `sentence` says why and what to do, `code` is for programs."""

    code = "address"
    sentence: str | Promise = _("Enter an e-mail address, like name@company.com.")

    def __str__(self) -> str:
        return str(self.sentence)


class NotAnAddress(AddressRefused):
    code = "not_an_address"


class AddressTooLong(AddressRefused):
    code = "too_long"
    sentence = _("This is longer than an e-mail address can be. Enter the address alone.")


class QuotedLocalPart(AddressRefused):
    code = "quoted"
    sentence = _(
        "Addresses in quotation marks cannot be used here. Enter another address of yours."
    )


class AddressLiteral(AddressRefused):
    code = "address_literal"
    sentence = _("The part after @ must be a domain name like company.com, not a number.")


class NotADomain(AddressRefused):
    code = "not_a_domain"
    sentence = _("The part after @ is not a domain name. Check it for typing mistakes.")


class NeedsInternationalMail(AddressRefused):
    code = "needs_international_mail"
    sentence = _(
        "Our mail cannot reach addresses with letters beyond a to z before the @ yet. "
        "Enter another work address of yours."
    )


@dataclass(frozen=True, slots=True)
class Address:
    """An address in its one spelling."""

    local_part: str
    domain: str

    def __str__(self) -> str:
        return f"{self.local_part}@{self.domain}"


def parse(typed: str) -> Address:
    """`typed` in its one spelling, white space around it removed.

    Raises AddressRefused: not an address, too long, quoted, an IP literal, not a domain name.
    """
    if len(typed) > LONGEST_TYPED:
        raise AddressTooLong
    text = typed.strip(" \t\r\n\f\v\u00a0\u200b\ufeff")
    if '"' in text:
        raise QuotedLocalPart
    local_part, at, domain = text.replace("\uff20", "@").rpartition("@")
    if not at or not LOCAL_PART.fullmatch(local_part) or not _is_visible(local_part):
        raise NotAnAddress
    if domain != domain.strip():
        raise NotADomain
    if ENCODED_WORD in local_part:
        raise NotAnAddress
    if len(local_part.encode()) > LONGEST_LOCAL_PART:
        raise AddressTooLong
    address = Address(local_part.translate(ASCII_LOWER), parse_domain(domain))
    if len(str(address).encode()) > LONGEST_ADDRESS:
        raise AddressTooLong
    return address


def parse_domain(typed: str) -> str:
    """A domain name as lower-case A-labels without a trailing dot, e.g. `xn--mnchen-3ya.example`.

    Raises AddressLiteral or NotADomain.
    """
    text = typed.strip()
    if text.startswith("[") or text.endswith("]"):
        raise AddressLiteral
    # UTS 46 would silently drop characters that nobody sees, so what was typed is not what is kept.
    if len(text) > LONGEST_TYPED or not _is_visible(text.translate(JOINERS)):
        raise NotADomain
    try:
        name = idna.encode(text, uts46=True, std3_rules=True, transitional=False).decode()
    except (idna.IDNAError, UnicodeError):
        raise NotADomain from None
    name = name.removesuffix(".").lower()
    labels = name.split(".")
    if NUMERIC_LABEL.fullmatch(labels[-1]):
        raise AddressLiteral
    if len(labels) < 2 or len(name) > 253:
        raise NotADomain
    return name


def _is_visible(text: str) -> bool:
    return text.isprintable() and not INVISIBLE.search(text)
