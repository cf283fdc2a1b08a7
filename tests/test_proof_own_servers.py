"""Asking for a proof at the domain's own name servers: which of them count, and which are never asked."""

from __future__ import annotations

from contextlib import ExitStack

import dns.asyncresolver
import dns.exception
import dns.message
import pytest
from dnslib import DNSRecord

from tenants.proving import asking
from tenants.proving.check import check
from tenants.proving.outcome import Outcome
from tenants.proving.sources import Authority, is_public
from tests.services.dns import Answer, Zone, dns_server, free_dns_port
from tests.services.waiting import PATIENCE
from tests.test_proof_asking import NOT_THERE, RECORD, THERE, failing, silent

pytestmark = pytest.mark.django_db

HOSTS = """
firm.com. 60 IN SOA ns.firm.com. x.firm.com. 1 1 1 1 1
firm.com. 60 IN NS ns1.firm.com.
firm.com. 60 IN NS ns2.firm.com.
ns1.firm.com. 60 IN A 127.0.0.2
ns2.firm.com. 60 IN A 127.0.0.3
"""


def at_the_servers(
    *answers: Answer, hosts: str = HOSTS, system: Answer | None = None, seconds: float = 5
) -> Outcome:
    """Asks as without resolvers: `answers` are the servers 127.0.0.2, 127.0.0.3 …"""
    port = free_dns_port("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
    with ExitStack() as stack:
        stack.enter_context(dns_server(system or Zone(hosts, "firm.com."), port=port))
        for number, answer in enumerate(answers, 2):
            stack.enter_context(dns_server(answer, address=f"127.0.0.{number}", port=port))
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        source = Authority(resolver, port=port, may_ask=lambda _: True)
        return check(RECORD, source, seconds=seconds).outcome


def test_all_servers_of_a_domain_that_answer_must_agree() -> None:
    assert at_the_servers(THERE, THERE) == Outcome.PROVEN
    assert at_the_servers(THERE, NOT_THERE) == Outcome.DISAGREE
    assert at_the_servers(NOT_THERE, NOT_THERE) == Outcome.NOT_THERE


@pytest.mark.parametrize("lame", [failing("REFUSED"), failing("SERVFAIL"), silent])
def test_one_of_two_servers_may_be_dead_or_lame_but_not_both(lame: Answer) -> None:
    assert at_the_servers(THERE, lame) == Outcome.PROVEN
    assert at_the_servers(lame, lame, seconds=2) == Outcome.NOT_ASKED


def test_a_server_that_is_not_responsible_itself_proves_nothing() -> None:
    forwarder = Zone(THERE.text, "firm.com.", authoritative=False)
    assert at_the_servers(forwarder, forwarder) == Outcome.NOT_ASKED


def test_of_three_servers_one_is_not_enough() -> None:
    hosts = f"{HOSTS}firm.com. 60 IN NS ns3.firm.com.\nns3.firm.com. 60 IN A 127.0.0.4\n"
    assert at_the_servers(THERE, silent, silent, hosts=hosts, seconds=2) == Outcome.NOT_ASKED
    assert at_the_servers(THERE, THERE, silent, hosts=hosts) == Outcome.PROVEN


def test_every_address_of_a_server_is_asked() -> None:
    hosts = HOSTS.replace("ns2.firm.com. 60 IN A", "ns1.firm.com. 60 IN A").replace(
        "firm.com. 60 IN NS ns2.firm.com.", ""
    )
    assert at_the_servers(THERE, NOT_THERE, hosts=hosts) == Outcome.DISAGREE


def test_a_system_resolver_that_leaves_out_where_nothing_is_will_do() -> None:
    system = Zone(HOSTS, "firm.com.", tells_zone=False)
    assert at_the_servers(THERE, THERE, system=system) == Outcome.PROVEN


@pytest.mark.parametrize("answer", [failing("SERVFAIL"), failing("REFUSED"), silent])
def test_a_system_resolver_that_fails_proves_nothing(answer: Answer) -> None:
    assert at_the_servers(THERE, THERE, system=answer, seconds=1.5) == Outcome.NOT_ASKED


def test_an_endless_list_of_servers_is_not_asked() -> None:
    many = "".join(f"firm.com. 60 IN NS n{number}.firm.com.\n" for number in range(40))
    assert at_the_servers(THERE, THERE, hosts=HOSTS + many) == Outcome.NOT_ASKED


def test_a_server_with_endless_addresses_is_not_asked() -> None:
    many = "".join(f"ns1.firm.com. 60 IN A 127.0.1.{number}\n" for number in range(40))
    assert at_the_servers(THERE, THERE, hosts=HOSTS + many) == Outcome.NOT_ASKED


def test_servers_inside_our_own_network_are_never_asked() -> None:
    port = free_dns_port("127.0.0.1", "127.0.0.2")
    with (
        dns_server(Zone(HOSTS, "firm.com."), port=port),
        dns_server(THERE, address="127.0.0.2", port=port) as inside,
    ):
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], port
        assert check(RECORD, Authority(resolver, port=port)).outcome == Outcome.NOT_ASKED
        assert inside.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("192.5.6.30", True),
        ("2001:500:856e::30", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.251", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),  # noqa: S104 -- nobody binds it
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::fb", False),
        ("::ffff:127.0.0.1", False),
        ("::ffff:10.0.0.1", False),
        ("2002:7f00:1::", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::c005:61e", True),
    ],
)
def test_which_addresses_are_on_the_internet(address: str, public: bool) -> None:
    assert is_public(address) is public


def test_an_address_that_a_zone_lists_under_many_names_is_asked_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asking, "PATIENCE", (PATIENCE,))
    names = "".join(
        f"firm.com. 60 IN NS n{number}.firm.com.\nn{number}.firm.com. 60 IN A 127.0.0.2\n"
        for number in range(12)
    )
    soa = "firm.com. 60 IN SOA ns.firm.com. x.firm.com. 1 1 1 1 1\n"
    asked: list[str] = []

    def counting(question: DNSRecord, by_tcp: bool) -> bytes | None:
        asked.append(str(question.q.qname))
        return THERE(question, by_tcp)

    assert at_the_servers(counting, hosts=soa + names) == Outcome.PROVEN
    assert len(asked) == len(set(asked)) == 2
