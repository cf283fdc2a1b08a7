"""One question to one server: which TXT records, or which alias, are at a name.

UDP first, again after a second without answer, TCP where the answer was cut off. What comes from another
address, has another id or asks another question is not an answer (dnspython goes on waiting).
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

PATIENCE = (1.0, 2.0)  # seconds for each attempt: a dead server must leave time to follow an alias
PAYLOAD = 1232  # octets that pass every network unfragmented (DNS flag day 2020)
NO_EDNS = frozenset({dns.rcode.FORMERR, dns.rcode.NOTIMP})
ANSWERS = frozenset({dns.rcode.NOERROR, dns.rcode.NXDOMAIN})


class NoAnswerError(Exception):
    """Nothing was learned; its text says why."""


@dataclass(frozen=True, slots=True)
class Server:
    address: str
    port: int = 53


@dataclass(frozen=True, slots=True)
class Told:
    """What a server says is at a name: texts, or another name to look at, or nothing."""

    texts: frozenset[bytes] = frozenset()
    alias: dns.name.Name | None = None


async def ask(server: Server, name: dns.name.Name, *, recursive: bool, deadline: float) -> Told:
    """`recursive`: the server is a resolver; otherwise it must be responsible for the name itself.

    Raises NoAnswerError.
    """
    response = await _respond(server, name, recursive=recursive, edns=True, deadline=deadline)
    if response.rcode() in NO_EDNS:
        response = await _respond(server, name, recursive=recursive, edns=False, deadline=deadline)
    if response.rcode() not in ANSWERS:
        raise NoAnswerError(dns.rcode.to_text(response.rcode()))
    if not recursive and not response.flags & dns.flags.AA:
        raise NoAnswerError("not responsible for it")
    return told(response, name)


def told(response: dns.message.Message, name: dns.name.Name) -> Told:
    """What the answer says about `name` itself; records of other names in it count for nothing."""
    texts: set[bytes] = set()
    alias: dns.name.Name | None = None
    for rrset in response.answer:
        if rrset.name != name or rrset.rdclass != dns.rdataclass.IN:
            continue
        if rrset.rdtype == dns.rdatatype.TXT:
            texts |= {b"".join(record.strings) for record in rrset}
        elif rrset.rdtype == dns.rdatatype.CNAME:
            alias = rrset[0].target
    return Told(frozenset(texts), alias)


async def _respond(
    server: Server, name: dns.name.Name, *, recursive: bool, edns: bool, deadline: float
) -> dns.message.Message:
    try:
        async with asyncio.timeout_at(deadline):
            for patience in PATIENCE:
                query = _query(name, recursive=recursive, edns=edns)
                try:
                    response, _ = await dns.asyncquery.udp_with_fallback(
                        query,
                        server.address,
                        timeout=patience,
                        port=server.port,
                        ignore_unexpected=True,
                        ignore_errors=True,
                    )
                except dns.exception.Timeout:
                    continue
                return response
    except TimeoutError:
        pass
    except (OSError, EOFError, dns.exception.DNSException) as error:
        raise NoAnswerError(type(error).__name__) from error
    raise NoAnswerError("no answer in time")


def _query(name: dns.name.Name, *, recursive: bool, edns: bool) -> dns.message.Message:
    return dns.message.make_query(
        name,
        dns.rdatatype.TXT,
        use_edns=0 if edns else False,
        payload=PAYLOAD,
        flags=dns.flags.RD if recursive else 0,
    )
