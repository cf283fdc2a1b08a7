"""Whom to ask about a name: the resolvers that the operator named, or the servers responsible for it."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import dns.asyncresolver
import dns.exception
import dns.inet
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.rrset

from tenants.proving.asking import NoAnswerError, Server

MOST_NAMES = 16
MOST_ADDRESSES = 32
NAT64 = ipaddress.ip_network("64:ff9b::/96")
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
# Not on the internet, or not any more, whatever Python's `is_global` says of them (IANA's registries of special addresses).
RESERVED = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")))


@dataclass(frozen=True, slots=True)
class NameServer:
    """A server by its name, with every address of it that may be asked."""

    name: str
    servers: tuple[Server, ...]


class Source(Protocol):
    @property
    def recursive(self) -> bool:
        """Whether those that are asked ask others for us."""

    async def servers_for(self, name: dns.name.Name, deadline: float) -> Sequence[NameServer]:
        """Raises NoAnswerError."""

    def enough(self, answered: int, asked: int) -> bool:
        """Whether so many of the servers that were asked may speak for all."""


@dataclass(frozen=True, slots=True)
class Resolvers:
    """Those that the operator named: every one must answer."""

    resolvers: Sequence[tuple[str, int]]
    system: dns.asyncresolver.Resolver | None = None

    @property
    def recursive(self) -> bool:
        return True

    async def servers_for(self, name: dns.name.Name, deadline: float) -> Sequence[NameServer]:
        return await asyncio.gather(
            *(self._server(host, port, deadline) for host, port in self.resolvers)
        )

    async def _server(self, host: str, port: int, deadline: float) -> NameServer:
        addresses = [host] if dns.inet.is_address(host) else await self._found(host, deadline)
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return NameServer(shown, tuple(Server(address, port) for address in addresses))

    async def _found(self, host: str, deadline: float) -> list[str]:
        system = self.system or system_resolver()
        return await addresses_of(system, dns.name.from_text(host), deadline)

    def enough(self, answered: int, asked: int) -> bool:
        return answered == asked


def is_public(address: str) -> bool:
    """Whether it is somewhere on the internet. A foreign zone may name any address, also inside our network."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inside = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            inside = ipaddress.IPv4Address(ip.packed[-4:])
        if inside:
            return is_public(str(inside))
        # Else there are site-local networks, ways into IPv4 networks of one's own, and what is not given out yet.
        if ip not in GLOBAL_UNICAST:
            return False
    is_reserved = any(ip in network for network in RESERVED)
    return ip.is_global and not ip.is_multicast and not is_reserved


class Authority:
    """The servers responsible for a name, found through the system's resolver.

    Of the servers by name, half must answer: dead and lame secondaries are common. One that answers must not
    say otherwise, at any of its addresses.
    """

    def __init__(
        self,
        system: dns.asyncresolver.Resolver | None = None,
        *,
        port: int = 53,
        may_ask: Callable[[str], bool] = is_public,
    ) -> None:
        self._system = system
        self.port = port
        self._may_ask = may_ask

    @property
    def recursive(self) -> bool:
        return False

    async def servers_for(self, name: dns.name.Name, deadline: float) -> Sequence[NameServer]:
        system = self._system or system_resolver()
        zone = await zone_of(system, name, deadline)
        names = await _name_servers(system, zone, deadline)
        found = await asyncio.gather(*(self._server(system, name, deadline) for name in names))
        if sum(len(server.servers) for server in found) > MOST_ADDRESSES:
            raise NoAnswerError(f"{zone} has too many name servers")
        return found

    async def _server(
        self, system: dns.asyncresolver.Resolver, name: dns.name.Name, deadline: float
    ) -> NameServer:
        found = await addresses_of(system, name, deadline)
        public = (address for address in found if self._may_ask(address))
        return NameServer(str(name), tuple(Server(address, self.port) for address in public))

    def enough(self, answered: int, asked: int) -> bool:
        return answered > 0 and 2 * answered >= asked


def system_resolver() -> dns.asyncresolver.Resolver:
    """Raises NoAnswerError."""
    try:
        return dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration as error:
        raise NoAnswerError("the system has no resolver") from error


async def zone_of(
    system: dns.asyncresolver.Resolver, name: dns.name.Name, deadline: float
) -> dns.name.Name:
    """The zone that `name` lies in. Raises NoAnswerError.

    Where nothing is learned about a name (aliases in a circle), the one above it is asked for: at worst, its
    servers are not responsible for `name` and say so.
    """
    failure = NoAnswerError("no zone found")
    while name != dns.name.root:
        try:
            response = await _look_up(system, name, dns.rdatatype.SOA, deadline)
        except NoAnswerError as error:
            failure = error
        else:
            zone = _zone_told(response, name)
            if zone:
                return zone
        name = name.parent()
    raise failure


def _zone_told(response: dns.message.Message, name: dns.name.Name) -> dns.name.Name | None:
    # An alias is never the top of a zone, and what the answer tells is about where it leads.
    if records(response.answer, name, dns.rdatatype.CNAME):
        return None
    for rrset in (*response.answer, *response.authority):
        if rrset.rdtype == dns.rdatatype.SOA and name.is_subdomain(rrset.name):
            return rrset.name
    return None


async def _name_servers(
    system: dns.asyncresolver.Resolver, zone: dns.name.Name, deadline: float
) -> list[dns.name.Name]:
    response = await _look_up(system, zone, dns.rdatatype.NS, deadline)
    found = records(response.answer, zone, dns.rdatatype.NS)
    names = sorted({record.target for rrset in found for record in rrset})
    if not 0 < len(names) <= MOST_NAMES:
        raise NoAnswerError(f"{zone} has {len(names)} name servers")
    return names


async def addresses_of(
    system: dns.asyncresolver.Resolver, name: dns.name.Name, deadline: float
) -> list[str]:
    """IPv4 and IPv6; those of a kind that nobody tells are left out."""
    kinds = (dns.rdatatype.A, dns.rdatatype.AAAA)
    responses = await asyncio.gather(
        *(_look_up(system, name, kind, deadline) for kind in kinds), return_exceptions=True
    )
    found: list[str] = []
    for kind, response in zip(kinds, responses, strict=True):
        if isinstance(response, dns.message.Message):
            sets = [rrset for rrset in response.answer if rrset.rdtype == kind]
            found += [record.address for rrset in sets for record in rrset]
        elif not isinstance(response, NoAnswerError):
            raise response
    return found


async def _look_up(
    system: dns.asyncresolver.Resolver,
    name: dns.name.Name,
    kind: dns.rdatatype.RdataType,
    deadline: float,
) -> dns.message.Message:
    """The system's resolver's answer, also where it says that there is nothing. Raises NoAnswerError."""
    left = deadline - asyncio.get_running_loop().time()
    try:
        answer = await system.resolve(
            name, kind, raise_on_no_answer=False, search=False, lifetime=max(left, 0.001)
        )
    except dns.resolver.NXDOMAIN as nothing:
        response: dns.message.Message = nothing.response(name)  # type: ignore[no-untyped-call]
        return response
    except (OSError, EOFError, dns.exception.DNSException) as error:
        raise NoAnswerError(f"the system's resolver: {type(error).__name__}") from error
    return answer.response


def records(
    section: Sequence[dns.rrset.RRset], name: dns.name.Name, kind: dns.rdatatype.RdataType
) -> list[dns.rrset.RRset]:
    return [
        rrset
        for rrset in section
        if rrset.name == name and rrset.rdtype == kind and rrset.rdclass == dns.rdataclass.IN
    ]
