"""The TXT record that proves a domain: where it lies and what it says."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import dns.exception
import dns.name

LABEL = "_rms-verification"
PREFIX = "rms-verification="
VALUE_BYTES = (
    20  # 160 random bits, as 40 hexadecimal digits: no case, no character that a form would change
)


def new_value() -> str:
    return secrets.token_hex(VALUE_BYTES)


@dataclass(frozen=True, slots=True)
class Place:
    """A name where the record may lie, and the contents that prove something there."""

    name: dns.name.Name
    contents: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class ProofRecord:
    domain: str
    value: str

    @property
    def name(self) -> str:
        """The name to publish it at: one that mail and web never look at, where DNS allows its length."""
        own = f"{LABEL}.{self.domain}"
        return own if _name(own) else self.domain

    @property
    def text(self) -> str:
        return f"{PREFIX}{self.value}"

    def places(self) -> list[Place]:
        """Its own name says already what it is, so there the bare value will do as well."""
        full, bare = self.text.encode(), self.value.encode()
        domain = _name(self.domain)
        own = _name(f"{LABEL}.{self.domain}")
        places = [Place(own, frozenset({full, bare}))] if own else []
        return [*places, Place(domain, frozenset({full}))] if domain else places


def _name(text: str) -> dns.name.Name | None:
    try:
        return dns.name.from_text(text)
    except dns.exception.DNSException:
        return None
