"""A hostile name server sends whatever it likes: a check ends with an outcome, and never with a proof."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from dnslib import QTYPE, RR, TXT, DNSRecord

from tenants.proving.check import check_all
from tenants.proving.outcome import Outcome
from tenants.proving.record import ProofRecord
from tenants.proving.sources import Resolvers
from tests.services.dns import DnsServer, dns_server

pytestmark = [pytest.mark.django_db, pytest.mark.long]

VALUE = "0123456789abcdef0123456789abcdef01234567"
AT_ONCE, ROUNDS = 20, 250


def hostile(chance: random.Random) -> bytes | None:
    """Nothing, noise, or the bytes that follow the id of an answer, some of them changed and some cut off."""
    kind = chance.random()
    if kind < 0.1:
        return None
    if kind < 0.2:
        return chance.randbytes(chance.randrange(1, 600))
    reply = DNSRecord.question("_rms-verification.firm.com", "TXT").reply()
    for _ in range(chance.randrange(1, 5)):
        text = chance.randbytes(chance.randrange(1, 60))
        reply.add_answer(RR("_rms-verification.firm.com", QTYPE.TXT, rdata=TXT(text), ttl=60))
    wire = bytearray(reply.pack())
    for _ in range(chance.randrange(12)):
        wire[chance.randrange(2, len(wire))] = chance.randrange(256)
    return bytes(wire[2 : chance.randrange(3, len(wire) + 40)])


@pytest.fixture
def server() -> Iterator[DnsServer]:
    chance = random.Random(20261124)  # noqa: S311 -- the same lies in every run

    def answer(question: DNSRecord, by_tcp: bool) -> bytes | None:
        if not by_tcp:
            reply = question.reply()
            reply.header.tc = 1
            return bytes(reply.pack())
        rest = hostile(chance)
        return bytes(question.pack()[:2]) + rest if rest else None

    with dns_server(answer) as server:
        yield server


def test_no_answer_breaks_a_check_or_proves_anything(server: DnsServer) -> None:
    source = Resolvers([(server.address, server.port)])
    records = [ProofRecord("firm.com", VALUE)] * AT_ONCE
    for _ in range(ROUNDS):
        outcomes = {found.outcome for found in check_all(records, source, seconds=1)}
        assert outcomes <= {Outcome.NOT_ASKED, Outcome.NOT_THERE}
    by_tcp = sum(tcp for _, _, tcp in server.asked)
    assert by_tcp >= AT_ONCE * ROUNDS
