"""Which addresses may join, and what the others are told: by the rules themselves and on the page."""

from __future__ import annotations

from html import unescape
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from outbox.models import OutboxMail
from signup import address_rules as rules
from signup.models import SignUp
from tenants import addresses
from tenants.addresses import AddressRefused, NeedsInternationalMail
from tenants.models import DomainRule

pytestmark = pytest.mark.django_db

COMPANIES = Path(__file__).parent / "data" / "company_domains.txt"
LOOK_ALIKES = "# They look like mail providers"

REFUSED = [
    ("somebody", addresses.NotAnAddress),
    ("a@b@company.com", addresses.NotAnAddress),
    ("one@company.com, two@company.com", addresses.NotAnAddress),
    (f"{'a' * 65}@company.com", addresses.AddressTooLong),
    ('"a b"@company.com', addresses.QuotedLocalPart),
    ("a@[192.0.2.1]", addresses.AddressLiteral),
    ("a@192.0.2.1", addresses.AddressLiteral),
    ("a@company", addresses.NotADomain),
    ("=?utf-8?q?a?=@company.com", addresses.NotAnAddress),
    ("müller@company.com", NeedsInternationalMail),
    ("a@company.com\r\nBcc: b@company.com", addresses.NotAnAddress),
    ("a@blocked.company.com", rules.BlockedDomain),
    ("a@example.com", rules.ReservedName),
    ("a@mail.example.org", rules.ReservedName),
    ("a@company.example", rules.ReservedName),
    ("a@company.test", rules.ReservedName),
    ("a@company.invalid", rules.ReservedName),
    ("a@printer.local", rules.ReservedName),
    ("a@host.localhost", rules.ReservedName),
    ("a@company.internal", rules.ReservedName),
    ("a@facebookcorewwwi.onion", rules.ReservedName),
    ("a@nas.home.arpa", rules.ReservedName),
    ("a@name.alt", rules.ReservedName),
    ("a@co.uk", rules.PublicSuffix),
    ("a@gov.uk", rules.PublicSuffix),
    ("a@anything.ck", rules.PublicSuffix),
    ("a@xn--55qx5d.cn", rules.PublicSuffix),
    ("a@公司.cn", rules.PublicSuffix),
    ("a@mailinator.com", rules.DisposableAddress),
    ("a@team.mailinator.com", rules.DisposableAddress),
    ("a@yopmail.com", rules.DisposableAddress),
    ("a@gmail.com", rules.PersonalAddress),
    ("a@GMail.Com.", rules.PersonalAddress),
    ("a@below.gmail.com", rules.PersonalAddress),
    ("a@duck.com", rules.PersonalAddress),
    ("a@mozmail.com", rules.PersonalAddress),
    ("a@privaterelay.appleid.com", rules.PersonalAddress),
    ("a@yahoo.co.jp", rules.PersonalAddress),
    ("a@t-online.de", rules.PersonalAddress),
    ("a@laposte.net", rules.PersonalAddress),
    ("a@libero.it", rules.PersonalAddress),
    ("a@wp.pl", rules.PersonalAddress),
    ("a@seznam.cz", rules.PersonalAddress),
    ("a@mail.ru", rules.PersonalAddress),
    ("a@qq.com", rules.PersonalAddress),
    ("a@naver.com", rules.PersonalAddress),
    ("a@docomo.ne.jp", rules.PersonalAddress),
    ("a@uol.com.br", rules.PersonalAddress),
    ("a@rediffmail.com", rules.PersonalAddress),
]


@pytest.fixture(autouse=True)
def _blocked() -> None:
    DomainRule.objects.create(domain="blocked.company.com", decision=DomainRule.Decision.BLOCK)


def companies() -> list[str]:
    lines = COMPANIES.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def allow(domain: str) -> None:
    DomainRule.objects.create(domain=domain, decision=DomainRule.Decision.ALLOW)


@pytest.mark.parametrize(("typed", "refusal"), REFUSED)
def test_the_rules_refuse_an_address_by_its_type(typed: str, refusal: type[AddressRefused]) -> None:
    with pytest.raises(AddressRefused) as refused:
        rules.check(typed)
    assert refused.type is refusal


@pytest.mark.parametrize(("typed", "refusal"), REFUSED)
def test_the_page_says_why_and_nothing_is_kept_or_sent(
    client: Client, typed: str, refusal: type[AddressRefused]
) -> None:
    response = client.post("/signup/", {"email": typed})
    page = unescape(response.content.decode())
    assert response.status_code == 200
    assert str(refusal.sentence) in page
    assert 'aria-invalid="true"' in page
    assert not SignUp.objects.exists()
    assert not OutboxMail.objects.exists()


def test_every_refusal_has_a_code_and_a_sentence_of_its_own() -> None:
    kinds = {refusal for _, refusal in REFUSED}
    assert {
        kind for kind in AddressRefused.__subclasses__() if kind.__module__ != __name__
    } == kinds
    assert len({kind.code for kind in kinds}) == len(kinds)
    assert len({str(kind.sentence) for kind in kinds}) == len(kinds)


def test_no_real_organisation_is_refused() -> None:
    refused = {}
    for domain in companies():
        try:
            rules.check(f"somebody@{domain}")
        except AddressRefused as refusal:
            refused[domain] = refusal.code
    assert refused == {}


def test_the_organisations_are_many_and_some_look_like_mail_providers() -> None:
    look_alikes = COMPANIES.read_text("utf-8").partition(LOOK_ALIKES)[2].partition("\n#")[0]
    assert len(set(companies())) == len(companies()) >= 600
    assert len(look_alikes.split("\n")[1:]) >= 60


@pytest.mark.parametrize(
    "domain",
    ["company.co.uk", "somebody.github.io", "github.io", "company.unknown-ending", "uk.com"],
)
def test_a_private_suffix_an_unknown_ending_and_a_name_below_a_suffix_may_join(domain: str) -> None:
    assert rules.check(f"a@{domain}").domain == domain


@pytest.mark.parametrize(
    "domain", ["gmail.com", "mailinator.com", "co.uk", "company.example", "mail.gmail.com"]
)
def test_an_allowed_domain_passes_every_list(domain: str) -> None:
    allow(domain)
    assert rules.check(f"a@{domain}").domain == domain
    assert rules.check(f"a@below.{domain}").domain == f"below.{domain}"


def test_the_nearest_rule_of_the_installation_decides() -> None:
    allow("open.blocked.company.com")
    rules.check("a@open.blocked.company.com")
    rules.check("a@company.com")
    with pytest.raises(rules.BlockedDomain):
        rules.check("a@other.blocked.company.com")


def test_spelling_is_refused_even_where_the_domain_is_allowed() -> None:
    allow("company.com")
    with pytest.raises(addresses.QuotedLocalPart):
        rules.check('"a"@company.com')


def test_staff_of_a_provider_may_join_although_the_provider_is_listed() -> None:
    rules.check("a@firma.seznam.cz")
    with pytest.raises(rules.PersonalAddress):
        rules.check("a@other.seznam.cz")


@pytest.mark.parametrize("domain", ["gmail.com", "co.uk", "mailinator.com", "company.example"])
def test_a_link_already_sent_is_stopped_by_a_block_and_not_by_a_list(domain: str) -> None:
    rules.refuse_unusable_domain(domain)
    DomainRule.objects.create(domain=domain, decision=DomainRule.Decision.BLOCK)
    with pytest.raises(rules.BlockedDomain):
        rules.refuse_unusable_domain(domain)


@pytest.mark.parametrize("domain", ["company.com", "a.b.c.d.e.f.company.com", "company.co.uk"])
def test_a_check_asks_the_database_twice_however_long_the_name(
    domain: str, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(2):
        rules.check(f"a@{domain}")
