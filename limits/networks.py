"""Which network a client's address belongs to, as far as limits go."""

from __future__ import annotations

import ipaddress

from django.http import HttpRequest

# What one customer usually holds; inside it, whoever wants has an address for every request.
ONE_CUSTOMER = 64


def of(address: str) -> str:
    """The IPv4 address itself, or the /64 of an IPv6 address; what is no address (a Unix socket) as it is."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, ONE_CUSTOMER), strict=False))
    return str(parsed)


def of_request(request: HttpRequest) -> str:
    """REMOTE_ADDR is the client's: trusted proxies have been looked behind before."""
    return of(request.META.get("REMOTE_ADDR", ""))
