"""A DNS server with answers of the test's choice, true or not, on UDP and TCP."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from dnslib import AAAA, MX, QTYPE, RCODE, RR, TXT, A, DNSRecord

from tests.services.waiting import free_port

Answer = Callable[[DNSRecord, bool], bytes | None]  # the question, and whether it came by TCP


@dataclass
class Zone:
    """What a text in the form of zone files says, answered as the servers of one zone would."""

    text: str
    apex: str
    authoritative: bool = True
    tells_zone: bool = True  # some resolvers leave the SOA record out where there is nothing

    def __call__(self, question: DNSRecord, by_tcp: bool) -> bytes:
        return bytes(self.reply(question).pack())

    def reply(self, question: DNSRecord) -> DNSRecord:
        name, kind = question.q.qname, QTYPE[question.q.qtype]
        here = [rr for rr in RR.fromZone(self.text) if rr.rname == name]
        reply = question.reply(aa=int(self.authoritative))
        reply.add_answer(*(rr for rr in here if QTYPE[rr.rtype] in {kind, "CNAME"}))
        if not here:
            reply.header.rcode = RCODE.NXDOMAIN
        if not reply.rr and self.tells_zone:
            reply.add_auth(
                *RR.fromZone(f"{self.apex} 60 IN SOA ns.{self.apex} x.{self.apex} 1 1 1 1 1")
            )
        return reply


@dataclass
class Records:
    """What a test tells it, name by name: `texts["example.com"] = ["v=spf1 -all"]`. `broken` names fail."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    addresses: dict[str, list[str]] = field(default_factory=dict)
    mail_hosts: dict[str, list[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def forget(self) -> None:
        for known in (self.texts, self.addresses, self.mail_hosts, self.broken):
            known.clear()

    def __call__(self, question: DNSRecord, by_tcp: bool) -> bytes:
        name, kind = str(question.q.qname).rstrip(".").lower(), QTYPE[question.q.qtype]
        reply = question.reply()
        for rdata in self._rdata(name, kind):
            reply.add_answer(RR(question.q.qname, question.q.qtype, rdata=rdata, ttl=0))
        if name in self.broken:
            reply.header.rcode = RCODE.SERVFAIL
        elif not any(name in known for known in (self.texts, self.addresses, self.mail_hosts)):
            reply.header.rcode = RCODE.NXDOMAIN
        return bytes(reply.pack())

    def _rdata(self, name: str, kind: str) -> list[Any]:
        addresses = self.addresses.get(name, [])
        match kind:
            case "A":
                return [A(value) for value in addresses if ":" not in value]
            case "AAAA":
                return [AAAA(value) for value in addresses if ":" in value]
            case "MX":
                return [MX(value) for value in self.mail_hosts.get(name, [])]
            case "TXT":
                return [TXT(_strings(value)) for value in self.texts.get(name, [])]
            case _:
                return []


def _strings(text: str) -> list[bytes]:
    """A TXT record is strings of 255 octets at most."""
    return [text[start : start + 255].encode() for start in range(0, len(text), 255)]


@dataclass
class DnsServer:
    answer: Answer
    address: str
    port: int
    asked: list[tuple[str, str, bool]] = field(default_factory=list)
    clients: list[tuple[str, int]] = field(default_factory=list)

    def respond(self, wire: bytes, by_tcp: bool) -> bytes | None:
        question = DNSRecord.parse(wire)
        self.asked.append((str(question.q.qname), QTYPE[question.q.qtype], by_tcp))
        return self.answer(question, by_tcp)


class _Udp(socketserver.ThreadingUDPServer):
    daemon_threads = True


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128
    allow_reuse_address = True


def _handlers(server: DnsServer) -> tuple[type[Any], type[Any]]:
    class Udp(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, here = self.request
            server.clients.append(self.client_address)
            response = server.respond(wire, False)
            if response is not None:
                here.sendto(response, self.client_address)

    class Tcp(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            length = int.from_bytes(self.rfile.read(2), "big")
            response = server.respond(self.rfile.read(length), True) if length else None
            if response is not None:
                self.wfile.write(len(response).to_bytes(2, "big") + response)

    return Udp, Tcp


@contextmanager
def dns_server(
    answer: Answer, *, address: str = "127.0.0.1", port: int | None = None
) -> Iterator[DnsServer]:
    """Serves until the block ends."""
    server = DnsServer(answer, address, port or free_dns_port(address))
    udp, tcp = _handlers(server)
    with ExitStack() as stack:
        for kind, handler in ((_Udp, udp), (_Tcp, tcp)):
            serving = stack.enter_context(kind((address, server.port), handler))
            thread = threading.Thread(target=serving.serve_forever, args=(0.02,), daemon=True)
            thread.start()
            stack.callback(thread.join)
            stack.callback(serving.shutdown)
        yield server


def free_dns_port(*addresses: str) -> int:
    """A port that is free for UDP and TCP on all of the addresses."""
    for _ in range(50):
        port = free_port()
        if all(_is_free(address, port) for address in addresses):
            return port
    raise OSError("No port is free for DNS.")


def _is_free(address: str, port: int) -> bool:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(type=kind) as probe:
            try:
                probe.bind((address, port))
            except OSError:
                return False
    return True
