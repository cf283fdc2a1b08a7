"""Administrators add domains in the browser, by a proof, and see how each proof is."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tenants import tasks
from tenants.flows import prove
from tenants.models import Domain, DomainProof, Tenant, User
from tests.domain_portal import ADD, DAY, DOMAINS, TAKE, page, prove_page
from tests.factories import TenantFactory
from tests.services.dns import Zone, dns_server
from tests.staff import administrator, sign_in_fresh
from tests.takeovers import proven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]


def test_a_domain_that_nobody_has_is_added_once_it_is_proven(
    portal: Client, boss: User, settings: Settings, sent: list[tuple[str, ...]]
) -> None:
    there = portal.post(ADD, {"domain": "Neu.COM."}).headers["Location"]
    proof = DomainProof.objects.get()
    assert there == prove_page(proof)
    record = page(portal, there)
    assert f'value="rms-verification={proof.value}"' in record
    assert "Cloudflare" in record
    assert "waits for the DNS record" in page(portal, DOMAINS)
    zone = Zone(f'_rms-verification.neu.com. 60 IN TXT "{proof.record.text}"', "neu.com.")
    with dns_server(zone) as server:
        settings.DNS_RESOLVERS = [(server.address, server.port)]
        waiting = portal.post(f"/account/proofs/{proof.pk}/check/").headers["Location"]
        assert waiting.startswith(f"{there}?asked=")
        assert "We are asking the DNS servers" in page(portal, waiting)
        tasks.check_domain_proof(sent[0][1])
    assert "The domain belongs to your organisation" in page(portal, waiting)
    assert Domain.objects.get(name="neu.com").tenant == boss.tenant
    assert "neu.com" in page(portal, DOMAINS)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Type a domain."),
        ("no domain", "not a domain name"),
        ("co.uk", "ending that many organisations share"),
        ("managed.com", "belongs to an organisation that has administrators"),
    ],
)
def test_what_cannot_be_added_is_refused_at_its_field(
    portal: Client, typed: str, words: str
) -> None:
    TenantFactory.create(name="managed.com", state=Tenant.State.MANAGED)
    refused = portal.post(ADD, {"domain": typed})
    assert words in refused.content.decode()
    assert not DomainProof.objects.exists()


def test_a_colleagues_record_can_be_looked_for_too(
    portal: Client, boss: User, sent: list[tuple[str, ...]]
) -> None:
    colleague = administrator(boss.tenant)
    proof = prove.request(domain_name="neu.com", actor=colleague, acting_user=colleague)
    assert "neu.com" in page(portal, DOMAINS)
    portal.post(f"/account/proofs/{proof.pk}/check/")
    assert sent == [(prove.CHECK_TASK, str(proof.pk))]


@pytest.mark.parametrize(
    ("failures", "lost_days_ago", "words"),
    [
        (0, None, ">proven<"),
        (2, None, "in danger"),
        (3, 10, "lost: lapses in 1"),
        (3, 31, "lapsed on"),
    ],
)
def test_the_list_says_how_each_proof_is(
    portal: Client, boss: User, failures: int, lost_days_ago: int | None, words: str
) -> None:
    assert "not proven" in page(portal, DOMAINS)
    proven(boss, "contoso.com")
    lost = None if lost_days_ago is None else timezone.now() - lost_days_ago * DAY
    DomainProof.objects.update(failures=failures, proof_lost_at=lost)
    assert words in page(portal, DOMAINS)
    domain = Domain.objects.get(name="contoso.com")
    assert words.strip("><") in page(portal, f"{DOMAINS}{domain.pk}/change/").lower()


def test_operators_see_all_domains_and_add_none(operator: Client, firm: Tenant, boss: User) -> None:
    shown = page(operator, DOMAINS)
    assert "contoso.com" in shown
    assert "firm.com" in shown
    assert operator.get(ADD).status_code == 403
    assert operator.get(TAKE).status_code == 403


def test_another_organisations_domain_is_not_there(client: Client, boss: User) -> None:
    proof = proven(boss, "contoso.com")
    domain = Domain.objects.get(name="contoso.com")
    stranger: Any = administrator()
    sign_in_fresh(client, stranger)
    assert "contoso.com" not in page(client, DOMAINS)
    assert client.get(prove_page(proof)).status_code == 404
    assert client.post(f"{DOMAINS}{domain.pk}/remove/", {"typed": "contoso.com"}).status_code == 404
    assert client.post(f"/account/proofs/{proof.pk}/check/").status_code == 404


@pytest.mark.parametrize(
    "typed",
    [
        *(
            "github.io",
            "GitHub.IO.",
            "\uff47ithub.io",
            "github\u3002io",
            "blogspot.com",
            "s3.amazonaws.com",
        ),
        *("CO.UK.", "uk", "com", "localhost", "127.0.0.1", "[::1]", "firm.internal", "example.com"),
        *("_rms-verification.firm.com", "*.firm.com", "firm.com:53", "firm.com/x", "a@firm.com"),
        *(
            "firm..com",
            ".firm.com",
            "firm.com..",
            "fi rm.com",
            "xn--",
            "xn--ls8h.com",
            "\U0001f4a9.com",
        ),
        *("a." * 126 + "com", "a" * 64 + ".com", "firm\u200b.com", "firm\u0000.com"),
    ],
)
def test_shared_endings_and_what_is_no_domain_in_any_spelling(portal: Client, typed: str) -> None:
    assert portal.post(ADD, {"domain": typed}).status_code == 200
    assert not DomainProof.objects.exists()


@pytest.mark.parametrize("typed", [" Neu.COM. ", "neu\uff0ecom", "NEU.com\n", "\uff4eeu.com"])
def test_every_spelling_of_a_domain_is_one_record(portal: Client, typed: str) -> None:
    first = portal.post(ADD, {"domain": "neu.com"})
    again = portal.post(ADD, {"domain": typed})
    assert again.headers["Location"] == first.headers["Location"]
    assert DomainProof.objects.get().domain_name == "neu.com"
