"""Asking DNS: the servers of DNS_RESOLVERS, or those of the system."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

import dns.exception
import dns.resolver
from django.conf import settings
from dns.nameserver import Do53Nameserver, Nameserver

LONGEST_QUESTION_SECONDS = 5.0

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class DnsUnavailable(Exception):
    """No server answered, or it could not: there may be a record or none."""


class Resolver:
    """An empty list where there is nothing. Raises DnsUnavailable."""

    def __init__(self) -> None:
        self._resolver = dns.resolver.Resolver(configure=not settings.DNS_RESOLVERS)
        if settings.DNS_RESOLVERS:
            self._resolver.nameservers = [_server(*place) for place in settings.DNS_RESOLVERS]
        self._resolver.lifetime = LONGEST_QUESTION_SECONDS

    def txt(self, name: str) -> list[str]:
        """Each record as one text, however many strings it is cut into."""
        answers = self._ask(name, "TXT")
        return [b"".join(answer.strings).decode(errors="replace") for answer in answers]

    def addresses(self, name: str) -> list[Address]:
        answers = (*self._ask(name, "A"), *self._ask(name, "AAAA"))
        return [ipaddress.ip_address(answer.address) for answer in answers]

    def mail_hosts(self, name: str) -> list[str]:
        return [str(answer.exchange) for answer in self._ask(name, "MX")]

    def _ask(self, name: str, kind: str) -> tuple[Any, ...]:
        try:
            return tuple(self._resolver.resolve(name, kind, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as error:
            raise DnsUnavailable(f"{name} {kind}: {type(error).__name__}") from None


def _server(host: str, port: int) -> Nameserver:
    """A name is looked up by the system."""
    address = str(socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0])
    return Do53Nameserver(address, port)
