"""SPF (RFC 7208): whether a domain lets an address send mail for it.

Not all of the RFC: macros, `exists` and `ptr` depend on a mail at hand, so where one decides, the answer is
that it cannot be told. No library fits, see docs/decisions.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from enum import Enum

from rms_portal.mail_check.dns import Address, Resolver

VERSION = "v=spf1"
MOST_QUESTIONS = 10  # RFC 7208, 4.6.4
TERM = re.compile(
    r"(?P<qualifier>[+?~-]?)(?P<name>[a-z][a-z0-9-]*)(?:[:=](?P<value>[^/]*))?(?P<cidr>/.*)?",
    re.IGNORECASE,
)
NETWORK = re.compile(r"(?P<qualifier>[+?~-]?)ip[46]:(?P<network>.+)", re.IGNORECASE)


class Verdict(Enum):
    PASS = "+"  # noqa: S105
    FAIL = "-"
    SOFTFAIL = "~"
    NEUTRAL = "?"


class SpfError(Exception):
    """The record is broken: receivers treat it as if the sender were not allowed (RFC 7208, 4.6)."""


class CannotBeTold(Exception):
    """It depends on the mail at hand."""


def record_of(domain: str, resolver: Resolver) -> str | None:
    """The domain's record; None where there is none. Raises SpfError where there are several."""
    found = [
        text
        for text in resolver.txt(domain)
        if text.lower() == VERSION or text.lower().startswith(f"{VERSION} ")
    ]
    if len(found) > 1:
        raise SpfError(f"{domain} has {len(found)} SPF records, and may have one")
    return found[0] if found else None


@dataclass
class Evaluation:
    """One question: may `address` send? Counts what it asks DNS, which RFC 7208 limits."""

    resolver: Resolver
    address: Address
    questions: int = 0

    def verdict(self, domain: str) -> Verdict:
        """Raises SpfError, CannotBeTold."""
        record = record_of(domain, self.resolver)
        if record is None:
            raise SpfError(f"{domain}, which the record refers to, has no SPF record")
        redirect = ""
        for term in record.split()[1:]:
            if term.lower().startswith("redirect="):
                redirect = term.partition("=")[2]
            elif "=" not in term and (found := self._matched(term, domain)):
                return found
        if redirect:
            self._count()
            return self.verdict(_plain(redirect))
        return Verdict.NEUTRAL

    def _matched(self, term: str, domain: str) -> Verdict | None:
        if network := NETWORK.fullmatch(term):
            return _verdict(network["qualifier"]) if self._is_in(network["network"]) else None
        parts = TERM.fullmatch(term)
        if not parts:
            raise SpfError(f"{term!r} is not understood")
        target = _plain(parts["value"] or domain)
        return _verdict(parts["qualifier"]) if self._holds(parts, target) else None

    def _holds(self, parts: re.Match[str], target: str) -> bool:
        match parts["name"].lower():
            case "all":
                return True
            case "include":
                self._count()
                return self.verdict(target) is Verdict.PASS
            case "a":
                self._count()
                return self._is_one_of(target, parts["cidr"])
            case "mx":
                self._count()
                hosts = self.resolver.mail_hosts(target)
                return any(self._is_one_of(host, parts["cidr"]) for host in hosts)
            case "exists" | "ptr":
                raise CannotBeTold(f"{parts[0]} depends on the mail")
            case _:
                raise SpfError(f"{parts[0]!r} is not understood")

    def _is_one_of(self, host: str, cidr: str | None) -> bool:
        """`/24`, `/24//64`, `//64`: the prefix for IPv4, and after two slashes for IPv6."""
        four, _, six = (cidr or "").partition("//")
        prefix = four.removeprefix("/") if self.address.version == 4 else six
        return any(
            self._is_in(f"{address}/{prefix}" if prefix else str(address))
            for address in self.resolver.addresses(host)
            if address.version == self.address.version
        )

    def _is_in(self, network: str) -> bool:
        try:
            return self.address in ipaddress.ip_network(network, strict=False)
        except ValueError:
            raise SpfError(f"{network!r} is not a network") from None

    def _count(self) -> None:
        self.questions += 1
        if self.questions > MOST_QUESTIONS:
            raise SpfError(f"it takes more than {MOST_QUESTIONS} questions to DNS to evaluate it")


def _verdict(qualifier: str) -> Verdict:
    return Verdict(qualifier or "+")


def _plain(name: str) -> str:
    if "%" in name:
        raise CannotBeTold(f"{name} depends on the mail")
    return name
