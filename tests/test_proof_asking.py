"""Asking DNS for a proof where servers lie, fail, are slow or say strange things: only the record proves."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import dns.asyncresolver
import dns.exception
import dns.message
import pytest
from django.db import transaction
from dnslib import CNAME, QTYPE, RCODE, RR, TXT, DNSRecord
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tenants.proving.asking import told
from tenants.proving.check import LONGEST_CHAIN, check, judge
from tenants.proving.outcome import Outcome
from tenants.proving.record import ProofRecord
from tenants.proving.sources import Resolvers
from tests.services.dns import Answer, DnsServer, Zone, dns_server

pytestmark = pytest.mark.django_db

VALUE = "0123456789abcdef0123456789abcdef01234567"
RECORD = ProofRecord("firm.com", VALUE)
OWN = "_rms-verification.firm.com."
THERE = Zone(f'{OWN} 60 IN TXT "{RECORD.text}"', "firm.com.")
NOT_THERE = Zone('firm.com. 60 IN TXT "v=spf1 -all"', "firm.com.")

Start = Callable[[Answer], DnsServer]


@pytest.fixture
def start() -> Iterator[Start]:
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(dns_server(answer))


def ask(*servers: DnsServer, record: ProofRecord = RECORD, seconds: float = 5) -> Outcome:
    source = Resolvers([(server.address, server.port) for server in servers])
    return check(record, source, seconds=seconds).outcome


def failing(code: str) -> Answer:
    def answer(question: DNSRecord, by_tcp: bool) -> bytes:
        reply = question.reply()
        reply.header.rcode = getattr(RCODE, code)
        return bytes(reply.pack())

    return answer


def silent(question: DNSRecord, by_tcp: bool) -> None:
    return None


def of_text(*texts: list[bytes], name: str = OWN) -> Answer:
    """TXT records at `name`, each with its strings."""

    def answer(question: DNSRecord, by_tcp: bool) -> bytes:
        reply = question.reply()
        if str(question.q.qname).lower() == name:
            reply.add_answer(*(RR(name, QTYPE.TXT, rdata=TXT(text), ttl=60) for text in texts))
        return bytes(reply.pack())

    return answer


def test_the_record_at_its_own_name_proves(start: Start) -> None:
    assert ask(start(THERE)) == Outcome.PROVEN


def test_the_record_at_the_domain_itself_proves(start: Start) -> None:
    assert ask(start(Zone(f'firm.com. 60 IN TXT "{RECORD.text}"', "firm.com."))) == Outcome.PROVEN


def test_the_bare_value_proves_at_its_own_name_only(start: Start) -> None:
    assert ask(start(Zone(f'{OWN} 60 IN TXT "{VALUE}"', "firm.com."))) == Outcome.PROVEN
    assert ask(start(Zone(f'firm.com. 60 IN TXT "{VALUE}"', "firm.com."))) == Outcome.NOT_THERE


def test_nothing_there_is_not_there_yet(start: Start) -> None:
    assert ask(start(NOT_THERE)) == Outcome.NOT_THERE


def test_all_resolvers_must_agree(start: Start) -> None:
    assert ask(start(THERE), start(THERE)) == Outcome.PROVEN
    assert ask(start(THERE), start(NOT_THERE)) == Outcome.DISAGREE
    assert ask(start(NOT_THERE), start(THERE), start(THERE)) == Outcome.DISAGREE


def test_a_resolver_may_be_given_by_name(start: Start) -> None:
    server = start(Zone(f"{THERE.text}\nns.firm.com. 60 IN A 127.0.0.1", "firm.com."))
    system = dns.asyncresolver.Resolver(configure=False)
    system.nameservers, system.port = [server.address], server.port
    for host, outcome in (("ns.firm.com", Outcome.PROVEN), ("no.firm.com", Outcome.NOT_ASKED)):
        assert check(RECORD, Resolvers([(host, server.port)], system)).outcome == outcome


@pytest.mark.parametrize("code", ["SERVFAIL", "REFUSED", "FORMERR", "NOTIMP", "YXDOMAIN"])
def test_a_resolver_that_fails_proves_nothing(start: Start, code: str) -> None:
    assert ask(start(failing(code))) == Outcome.NOT_ASKED
    assert ask(start(THERE), start(failing(code))) == Outcome.NOT_ASKED


def test_a_resolver_that_is_silent_proves_nothing_within_five_seconds(start: Start) -> None:
    began = time.monotonic()
    assert ask(start(THERE), start(silent)) == Outcome.NOT_ASKED
    assert time.monotonic() - began < 5 + 5  # what a busy machine adds


def test_nobody_waits_longer_than_the_deadline(start: Start) -> None:
    began = time.monotonic()
    assert ask(start(silent), seconds=0.5) == Outcome.NOT_ASKED
    assert time.monotonic() - began < 3  # both attempts would take that long


def test_an_answer_that_got_lost_is_asked_for_again(start: Start) -> None:
    lost: list[bool] = []

    def answer(question: DNSRecord, by_tcp: bool) -> bytes | None:
        if len(lost) < 2:
            lost.append(True)
            return None
        return THERE(question, by_tcp)

    assert ask(start(answer)) == Outcome.PROVEN


def test_an_answer_that_was_cut_off_goes_on_over_tcp(start: Start) -> None:
    def answer(question: DNSRecord, by_tcp: bool) -> bytes:
        if by_tcp:
            return THERE(question, by_tcp)
        reply = question.reply()
        reply.header.tc = 1
        return bytes(reply.pack())

    server = start(answer)
    assert ask(server) == Outcome.PROVEN
    assert (OWN, "TXT", True) in server.asked


def test_a_server_that_cuts_off_and_has_no_tcp_proves_nothing() -> None:
    def answer(question: DNSRecord, by_tcp: bool) -> bytes | None:
        reply = THERE.reply(question)
        reply.header.tc = 1
        return None if by_tcp else bytes(reply.pack())

    with dns_server(answer) as server:
        assert ask(server, seconds=1.5) == Outcome.NOT_ASKED


def test_a_huge_answer_is_read(start: Start) -> None:
    texts = [[f"{number:0255}".encode()] for number in range(150)]
    huge = of_text(*texts, [RECORD.text.encode()])

    def answer(question: DNSRecord, by_tcp: bool) -> bytes | None:
        if by_tcp:
            return huge(question, by_tcp)
        reply = question.reply()
        reply.header.tc = 1
        return bytes(reply.pack())

    assert ask(start(answer)) == Outcome.PROVEN


def test_a_server_that_knows_no_edns_is_asked_without(start: Start) -> None:
    def answer(question: DNSRecord, by_tcp: bool) -> bytes | None:
        return (failing("FORMERR") if question.ar else THERE)(question, by_tcp)

    assert ask(start(answer)) == Outcome.PROVEN


def test_answers_with_another_id_or_to_another_question_are_none(start: Start) -> None:
    def other_id(question: DNSRecord, by_tcp: bool) -> bytes:
        reply = THERE.reply(question)
        reply.header.id = (reply.header.id + 1) % 65536
        return bytes(reply.pack())

    def other_question(question: DNSRecord, by_tcp: bool) -> bytes:
        reply = THERE.reply(question)
        reply.q.qname = "other.firm.com"
        return bytes(reply.pack())

    def garbage(question: DNSRecord, by_tcp: bool) -> bytes:
        return bytes(question.pack()[:2]) + b"\xff" * 40

    for lie in (other_id, other_question, garbage):
        assert ask(start(lie), seconds=0.6) == Outcome.NOT_ASKED


def test_an_answer_from_another_address_is_none() -> None:
    def answer(question: DNSRecord, by_tcp: bool) -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as stranger:
            stranger.sendto(THERE(question, by_tcp), server.clients[-1])

    with dns_server(answer) as server:
        assert ask(server, seconds=2) == Outcome.NOT_ASKED
        assert server.clients


def test_records_of_other_names_in_an_answer_count_for_nothing(start: Start) -> None:
    def answer(question: DNSRecord, by_tcp: bool) -> bytes:
        reply = question.reply()
        reply.add_answer(RR("other.com", QTYPE.TXT, rdata=TXT(RECORD.text), ttl=60))
        reply.add_ar(RR(question.q.qname, QTYPE.TXT, rdata=TXT(RECORD.text), ttl=60))
        reply.add_auth(RR(question.q.qname, QTYPE.TXT, rdata=TXT(RECORD.text), ttl=60))
        return bytes(reply.pack())

    assert ask(start(answer)) == Outcome.NOT_THERE


def test_names_in_another_case_are_the_same_names(start: Start) -> None:
    def answer(question: DNSRecord, by_tcp: bool) -> bytes:
        reply = question.reply()
        reply.add_answer(
            RR("_RMS-Verification.FIRM.com", QTYPE.TXT, rdata=TXT(RECORD.text), ttl=60)
        )
        return bytes(reply.pack())

    assert ask(start(answer)) == Outcome.PROVEN


def test_an_alias_is_followed_and_so_is_the_next(start: Start) -> None:
    zone = Zone(
        f"{OWN} 60 IN CNAME one.firm.com.\none.firm.com. 60 IN CNAME two.other.net.\n"
        f'two.other.net. 60 IN TXT "{RECORD.text}"',
        "firm.com.",
    )
    assert ask(start(zone), start(zone)) == Outcome.PROVEN


@pytest.mark.parametrize("length", [1, 2, LONGEST_CHAIN + 3])
def test_aliases_in_a_circle_or_without_end_prove_nothing(start: Start, length: int) -> None:
    def answer(question: DNSRecord, by_tcp: bool) -> bytes:
        name = str(question.q.qname)
        number = int(name[1:].partition(".")[0]) if name[1].isdigit() else 0
        reply = question.reply()
        target = f"a{(number + 1) % length if length < 3 else number + 1}.firm.com."
        reply.add_answer(RR(name, QTYPE.CNAME, rdata=CNAME(target), ttl=60))
        return bytes(reply.pack())

    began = time.monotonic()
    assert ask(start(answer)) == Outcome.NOT_THERE
    assert time.monotonic() - began < 4


def test_resolvers_that_name_different_aliases_disagree(start: Start) -> None:
    here = Zone(f"{OWN} 60 IN CNAME here.firm.com.", "firm.com.")
    there = Zone(f"{OWN} 60 IN CNAME there.firm.com.", "firm.com.")
    assert ask(start(here), start(there)) == Outcome.DISAGREE


def test_several_strings_of_one_record_are_one_text(start: Start) -> None:
    text = RECORD.text.encode()
    assert ask(start(of_text([text[:7], text[7:20], text[20:]]))) == Outcome.PROVEN
    # The halves in two records are two texts.
    assert ask(start(of_text([text[:20]], [text[20:]]))) == Outcome.OTHER


def test_the_record_among_many_proves(start: Start) -> None:
    others = [[b"v=spf1 -all"], [b"x" * 255, b"y" * 255, b"z"], [b""]]
    assert ask(start(of_text(*others, [RECORD.text.encode()]))) == Outcome.PROVEN


def test_a_wildcard_that_answers_every_name_proves_only_with_the_value(start: Start) -> None:
    def wildcard(text: str) -> Answer:
        def answer(question: DNSRecord, by_tcp: bool) -> bytes:
            reply = question.reply()
            reply.add_answer(RR(question.q.qname, QTYPE.TXT, rdata=TXT(text), ttl=60))
            return bytes(reply.pack())

        return answer

    assert ask(start(wildcard("anything"))) == Outcome.NOT_THERE
    assert ask(start(wildcard("rms-verification=*"))) == Outcome.OTHER


def test_a_domain_too_long_for_a_name_below_it_is_proven_at_itself(start: Start) -> None:
    domain = ".".join(["a" * 60] * 4)
    record = ProofRecord(domain, VALUE)
    assert record.name == domain
    zone = Zone(f'{domain}. 60 IN TXT "{record.text}"', f"{domain}.")
    assert ask(start(zone), record=record) == Outcome.PROVEN


def test_dns_is_never_asked_inside_a_transaction(start: Start) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        ask(start(THERE))


def cut(text: bytes, at: list[int]) -> list[bytes]:
    edges = [0, *sorted(at), len(text)]
    return [text[start:end] for start, end in itertools.pairwise(edges)]


ALMOST = st.builds(
    lambda before, text, after: before + text.encode() + after,
    st.binary(max_size=2),
    st.sampled_from([RECORD.text, RECORD.text.upper(), VALUE, VALUE[:-1], "rms-verification="]),
    st.binary(max_size=2),
)
STRINGS = st.one_of(
    st.lists(st.binary(max_size=255), min_size=1, max_size=4),
    st.builds(cut, ALMOST, st.lists(st.integers(0, 40), max_size=3)),
)


@given(strings=STRINGS)
@example(strings=[RECORD.text.encode() + b"\n"])
@example(strings=[b'"', RECORD.text.encode(), b'"'])
@example(strings=[RECORD.text.encode() + b"\0"])
@example(strings=[RECORD.text.encode()])
@settings(max_examples=300)
def test_only_the_exact_text_proves_however_it_is_cut(strings: list[bytes]) -> None:
    wire = of_text(strings)(DNSRecord.question(OWN, "TXT"), False)
    assert wire
    place = RECORD.places()[0]
    outcome = judge({told(dns.message.from_wire(wire), place.name)}, place.contents)
    text = b"".join(strings)
    exact = text in {RECORD.text.encode(), VALUE.encode()}
    missing = Outcome.OTHER if text.startswith(b"rms-verification=") else Outcome.NOT_THERE
    assert outcome == (Outcome.PROVEN if exact else missing)


@given(
    at=st.lists(st.tuples(st.integers(0, 200), st.integers(1, 255)), min_size=1, max_size=6),
    length=st.integers(0, 300),
)
@settings(max_examples=300)
def test_an_answer_that_was_damaged_is_refused_or_says_what_it_says(
    at: list[tuple[int, int]], length: int
) -> None:
    answer = of_text([b"v=spf1 -all"], [b"x" * 99])(DNSRecord.question(OWN, "TXT"), False)
    wire = bytearray(answer or b"")
    for where, flipped in at:
        wire[where % len(wire)] ^= flipped
    place = RECORD.places()[0]
    try:
        read = told(dns.message.from_wire(bytes(wire[:length])), place.name)
    except dns.exception.DNSException:
        return
    assert judge({read}, place.contents) != Outcome.PROVEN
