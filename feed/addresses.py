"""Where webhooks may go: to the internet over https, and into networks that the operator named.

A webhook's address is typed by somebody and asked by our server, so it must not lead to what only our server
reaches. Names are looked up at each delivery, every address that a name has must be allowed, and the connection
goes to the address that was looked at: a name that answers otherwise a moment later gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings

from feed.exceptions import AddressNotAllowed, NotAWebhookAddress
from tenants.proving.sources import is_public

LONGEST = 500
PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    is_https: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = PORTS["https" if self.is_https else "http"]
        return host if self.port == usual else f"{host}:{self.port}"


def checked(url: str) -> str:
    """`url`, where webhooks may go to it as far as it tells by itself. Raises NotAWebhookAddress or AddressNotAllowed."""
    target = target_of(url)
    if _is_ip(target.host):
        _require_allowed(target.host)
    return url


def target_of(url: str) -> Target:
    """Raises NotAWebhookAddress. Plain http is for this machine alone, where the operator allowed it."""
    parts, port = _parts(url)
    host = (parts.hostname or "").encode("idna").decode()
    if parts.scheme == "http" and not _is_loopback(host):
        raise NotAWebhookAddress(url)
    path = parts.path or "/"
    return Target(
        is_https=parts.scheme == "https",
        host=host,
        port=port or PORTS[parts.scheme],
        path=f"{path}?{parts.query}" if parts.query else path,
    )


def addresses_of(target: Target) -> list[str]:
    """The IP addresses to connect to. Raises AddressNotAllowed, or OSError where the name has none."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        _require_allowed(address)
    return addresses


def _parts(url: str) -> tuple[SplitResult, int | None]:
    is_plain = url.isprintable() and " " not in url and "\\" not in url and len(url) <= LONGEST
    try:
        parts = urlsplit(url)
        port = parts.port
        (parts.hostname or "").encode("idna")
    except ValueError as error:
        raise NotAWebhookAddress(url) from error
    is_one = (
        parts.scheme in PORTS and parts.hostname and not (parts.fragment or "@" in parts.netloc)
    )
    if not is_plain or not is_one:
        raise NotAWebhookAddress(url)
    return parts, port


def _require_allowed(address: str) -> None:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if not is_public(str(ip)) and not any(ip in network for network in settings.WEBHOOK_NETWORKS):
        raise AddressNotAllowed(address)


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
