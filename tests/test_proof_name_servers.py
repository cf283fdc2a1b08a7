"""Proving domains at real name servers, found from the parent's delegation on, as on the internet."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import dns.asyncresolver
import pytest

from tenants.proving.check import check
from tenants.proving.outcome import Outcome
from tenants.proving.record import ProofRecord
from tenants.proving.sources import Authority, Resolvers
from tests.services.dns import free_dns_port
from tests.services.knot import knot
from tests.services.unbound import unbound

pytestmark = [pytest.mark.django_db, pytest.mark.dns]

VALUE = "0123456789abcdef0123456789abcdef01234567"
TEXT = f"rms-verification={VALUE}"
ONE, TWO, SYSTEM = "127.0.0.2", "127.0.0.3", "127.0.0.1"
BOTH = "@ NS ns1.hosts.net.\n@ NS ns2.hosts.net.\n"
ON_ONE = "@ NS ns1.hosts.net.\n"
ON_TWO = "@ NS ns2.hosts.net.\n"
OWN = "_rms-verification"
LONG = " ".join(f'"{"x" * 255}"' for _ in range(20))

# The same on both servers, unless said otherwise.
SHARED = {
    "own.com": f'{BOTH}{OWN} TXT "{TEXT}"\n',
    "itself.com": f'{BOTH}@ TXT "v=spf1 -all"\n@ TXT "{TEXT}"\n',
    "strings.com": f'{BOTH}{OWN} TXT "{TEXT[:9]}" "{TEXT[9:]}"\n',
    "nothing.com": BOTH,
    "other.com": f'{BOTH}{OWN} TXT "rms-verification=somebodyelse"\n',
    "wild.com": f'{BOTH}* TXT "{TEXT}"\n',
    "inside.com": f'{BOTH}{OWN} CNAME proof\nproof CNAME really\nreally TXT "{TEXT}"\n',
    "outside.com": f"{BOTH}{OWN} CNAME outside-com.elsewhere.net.\n",
    "dname.com": f"{BOTH}sub DNAME moved.elsewhere.net.\n",
    "circle.com": f"{BOTH}{OWN} CNAME b\nb CNAME {OWN}\n",
    "dangling.com": f"{BOTH}{OWN} CNAME nobody.elsewhere.net.\n",
    "big.com": f'{BOTH}{OWN} TXT {LONG}\n{OWN} TXT "{TEXT}"\n',
    "delegates.com": f"{BOTH}{OWN} NS ns2.hosts.net.\n",
    "parent.com": f"{BOTH}child NS ns2.hosts.net.\n",
    "münchen.de".encode("idna").decode(): f'{BOTH}{OWN} TXT "{TEXT}"\n',
    "dead.com": "@ NS nobody.hosts.net.\n",
}
ONLY_ONE = {
    "elsewhere.net": f'{ON_ONE}outside-com TXT "{TEXT}"\n{OWN}.moved TXT "{TEXT}"\n',
    "differs.com": f'{BOTH}{OWN} TXT "{TEXT}"\n',
    "lame.com": f'{BOTH}{OWN} TXT "{TEXT}"\n',
}
ONLY_TWO = {
    f"{OWN}.delegates.com": f'{ON_TWO}@ TXT "{TEXT}"\n',
    "child.parent.com": f'{ON_TWO}{OWN} TXT "{TEXT}"\n',
    "differs.com": BOTH,
}
HOSTS = {"hosts.net": f"@ NS ns1\nns1 A {ONE}\nns2 A {TWO}\n"}


@pytest.fixture(scope="module")
def source() -> Iterator[Authority]:
    port = free_dns_port(SYSTEM, ONE, TWO)
    with ExitStack() as stack:
        held = {ONE: SHARED | ONLY_ONE | HOSTS, TWO: SHARED | ONLY_TWO}
        for address, zones in held.items():
            stack.enter_context(knot(zones, address=address, port=port))
        names = {name for zones in held.values() for name in zones}
        servers = {name: [at for at in held if name in held[at]] for name in names}
        stack.enter_context(unbound(servers, address=SYSTEM, port=port))
        system = dns.asyncresolver.Resolver(configure=False)
        system.nameservers, system.port = [SYSTEM], port
        yield Authority(system, port=port, may_ask=lambda _: True)


@pytest.mark.parametrize(
    ("domain", "outcome"),
    [
        ("own.com", Outcome.PROVEN),
        ("itself.com", Outcome.PROVEN),
        ("strings.com", Outcome.PROVEN),
        ("nothing.com", Outcome.NOT_THERE),
        ("other.com", Outcome.OTHER),
        ("wild.com", Outcome.PROVEN),
        ("inside.com", Outcome.PROVEN),
        ("outside.com", Outcome.PROVEN),  # at the servers of the zone that the alias leads to
        ("sub.dname.com", Outcome.PROVEN),
        ("circle.com", Outcome.NOT_THERE),
        ("dangling.com", Outcome.NOT_THERE),
        ("big.com", Outcome.PROVEN),  # over TCP, because UDP has no room for it
        ("delegates.com", Outcome.PROVEN),  # the record's name is a zone of its own
        ("child.parent.com", Outcome.PROVEN),
        ("differs.com", Outcome.DISAGREE),
        ("lame.com", Outcome.PROVEN),  # the second server does not know the zone
        ("dead.com", Outcome.NOT_ASKED),
        ("xn--mnchen-3ya.de", Outcome.PROVEN),
    ],
)
def test_what_real_servers_prove(source: Authority, domain: str, outcome: Outcome) -> None:
    assert check(ProofRecord(domain, VALUE), source).outcome == outcome


def test_another_value_does_not_prove(source: Authority) -> None:
    record = ProofRecord("own.com", VALUE.replace("0", "1"))
    assert check(record, source).outcome == Outcome.OTHER


def test_whoever_has_only_a_sub_domain_does_not_prove_the_domain(source: Authority) -> None:
    assert check(ProofRecord("parent.com", VALUE), source).outcome == Outcome.NOT_THERE


def has_ipv6() -> bool:
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="This machine has no IPv6.")
def test_a_server_over_ipv6_also_where_the_answer_needs_tcp() -> None:
    port = free_dns_port("127.0.0.1")
    with knot({"big.com": SHARED["big.com"]}, address="::1", port=port):
        finding = check(ProofRecord("big.com", VALUE), Resolvers([("::1", port)]))
    assert finding.outcome == Outcome.PROVEN
    assert f"[::1]:{port}: there" in finding.detail


@pytest.mark.parametrize(
    ("domain", "outcome"),
    [
        ("own.com", Outcome.PROVEN),
        ("itself.com", Outcome.PROVEN),
        ("nothing.com", Outcome.NOT_THERE),
        ("inside.com", Outcome.PROVEN),
        ("outside.com", Outcome.PROVEN),
        ("sub.dname.com", Outcome.PROVEN),
        ("dangling.com", Outcome.NOT_THERE),
        ("big.com", Outcome.PROVEN),
        ("delegates.com", Outcome.PROVEN),
        ("child.parent.com", Outcome.PROVEN),
    ],
)
def test_what_a_real_resolver_of_the_operators_proves(
    source: Authority, domain: str, outcome: Outcome
) -> None:
    resolver = Resolvers([(SYSTEM, source.port)])
    assert check(ProofRecord(domain, VALUE), resolver).outcome == outcome


def test_the_same_servers_as_named_resolvers(source: Authority) -> None:
    """What stands in DNS_RESOLVERS is asked as it is, and all of it must agree."""
    both = Resolvers([(ONE, source.port), (TWO, source.port)])
    assert check(ProofRecord("own.com", VALUE), both).outcome == Outcome.PROVEN
    assert check(ProofRecord("differs.com", VALUE), both).outcome == Outcome.DISAGREE
    assert check(ProofRecord("lame.com", VALUE), both).outcome == Outcome.NOT_ASKED
