"""A domain in a DNS server of the test's own, and the people who prove it. conftest.py has the fixtures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from pytest_django import Settings

from tenants.flows import prove
from tenants.models import DomainProof, Tenant, User
from tests.factories import TenantFactory, UserFactory
from tests.services.dns import DnsServer, Zone, dns_server

DAY = dt.timedelta(days=1)
FIRM = "firm.com"


@dataclass
class Dns:
    """What the DNS server shows for any name asked for below firm.com."""

    server: DnsServer
    published: list[str] = field(default_factory=list)

    def publish(self, proof: DomainProof) -> None:
        self.published.append(f'{proof.record.name}. 60 IN TXT "{proof.record.text}"')
        self._show()

    def clear(self) -> None:
        self.published.clear()
        self._show()

    def _show(self) -> None:
        self.server.answer = Zone("\n".join(self.published), f"{FIRM}.")


@pytest.fixture
def dns(settings: Settings) -> Iterator[Dns]:
    with dns_server(Zone("", f"{FIRM}.")) as server:
        settings.DNS_RESOLVERS = [(server.address, server.port)]
        yield Dns(server)


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name=FIRM)


@pytest.fixture
def member(tenant: Tenant) -> User:
    return UserFactory.create(tenant=tenant, email=f"mina@{FIRM}")


def requested(member: User, domain: str = FIRM) -> DomainProof:
    return prove.request(domain_name=domain, actor=member, acting_user=member)


def proven(member: User, dns: Dns) -> DomainProof:
    proof = requested(member)
    dns.publish(proof)
    return prove.confirm(proof=proof, acting_user=member)


def managed(tenant: Tenant) -> User:
    """An administrator of `tenant`, which becomes managed."""
    Tenant.objects.filter(id=tenant.id).update(state=Tenant.State.MANAGED)
    tenant.refresh_from_db()
    return UserFactory.create(tenant=tenant, role=User.Role.ADMINISTRATOR)


def words(email: str, domain: str = FIRM) -> tuple[str, ...]:
    return (domain, "--administrator", email)


def milliseconds(time: dt.datetime | None) -> dt.datetime:
    """As JSON has it."""
    assert time
    return time.replace(microsecond=time.microsecond // 1000 * 1000)
