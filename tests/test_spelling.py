"""Addresses and domains as people write them, where that deceives nobody; A-labels everywhere else."""

from __future__ import annotations

import idna
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.spelling import both, shown_address, shown_domain
from outbox.models import OutboxMail
from signup.models import SignUp
from tenants.models import Address, Domain, DomainRule, Tenant, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.staff import administrator, sign_in_fresh
from tests.test_admin_users import downloaded

STORED = "xn--mnchen-3ya.example"


def a_labels(name: str) -> str:
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
        for label in name.split(".")
    )


@pytest.mark.parametrize(
    "name",
    [
        "münchen.example",
        "łódź.pl",
        "straße.de",
        "česko.cz",
        "пример.com",
        "пример.испытание",
        "аррӏе.рф",
        "παράδειγμα.gr",
        "日本語.jp",
        "ひらがな.jp",
        "東京タワー.jp",
        "例子2.cn",
        "한국.kr",
        "مثال.com",
        "דוגמה.co.il",
        "उदाहरण.com",
        "ไทย.com",
        "plain.com",
    ],
)
def test_one_script_that_looks_like_no_other_is_shown_in_letters(name: str) -> None:
    assert idna.decode(a_labels(name)) == name
    assert shown_domain(a_labels(name)) == name


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("аpple.com", "Cyrillic a, the rest Latin"),
        ("аррӏе.com", "Cyrillic, all of it like Latin"),
        ("αικ.com", "Greek, all of it like Latin"),
        ("mıcrosoft.com", "i without its dot"),
        ("goog\u029fe.com", "a small capital"),
        ("日本dns.jp", "two scripts"),
        ("пример.раураӏ.com", "one label that deceives is enough"),
        ("한국日本.kr", "Korean and Han"),
        ("ᏣᎳᎩ.com", "a script that hardly anybody reads"),
        ("x\u0335y.com", "a mark over a letter"),
    ],
)
def test_what_could_pass_for_something_else_stays_an_a_label(name: str, why: str) -> None:
    assert shown_domain(a_labels(name)) == a_labels(name), why


@pytest.mark.parametrize("name", ["xn--0.example", "xn--", "a.xn--99999999999.com", ""])
def test_what_is_no_name_stays_as_it_is(name: str) -> None:
    assert shown_domain(name) == name


def test_addresses_and_both_forms() -> None:
    assert shown_address(f"anna@{STORED}") == "anna@münchen.example"
    assert both(f"anna@{STORED}") == f"anna@münchen.example (anna@{STORED})"
    assert both("anna@firm.com") == "anna@firm.com"


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="münchen.example", domain=STORED, state=Tenant.State.MANAGED)


@pytest.mark.django_db
def test_lists_of_the_administration_are_read_as_people_write(
    client: Client, tenant: Tenant
) -> None:
    user = UserFactory.create(tenant=tenant, email=f"anna@{STORED}")
    Address.objects.create(
        address=f"b@{STORED}",
        user=user,
        domain=Domain.objects.get(),
        is_primary=False,
        proven_at=timezone.now(),
    )
    OutboxMail.objects.create(kind="signup.confirm", to_address=f"anna@{STORED}", language="en")
    SignUp.objects.create(address=f"anna@{STORED}", domain=STORED, outcome="confirm", language="en")
    rule = DomainRule.objects.create(domain=STORED, decision="block")
    sign_in_fresh(client, OperatorFactory.create())
    for name in (
        "tenants_user",
        "outbox_outboxmail",
        "signup_signup",
        "tenants_domain",
        "tenants_domainrule",
    ):
        page = client.get(reverse(f"admin:{name}_changelist")).content.decode()
        assert "münchen.example" in page, name
        assert STORED not in page, name
    shown = client.get(reverse("admin:tenants_user_change", args=(user.pk,))).content.decode()
    assert f"anna@münchen.example (anna@{STORED})" in shown
    assert "b@münchen.example" in shown
    shown = client.get(reverse("admin:tenants_domainrule_change", args=(rule.pk,))).content.decode()
    assert f"münchen.example ({STORED})" in shown
    page = client.get(reverse("admin:tenants_user_addresses", args=(user.pk,))).content.decode()
    assert "b@münchen.example" in page


@pytest.mark.django_db
def test_search_and_files_and_forms_are_as_before(client: Client, tenant: Tenant) -> None:
    boss = administrator(tenant)
    sign_in_fresh(client, boss)
    found = client.get(reverse("admin:tenants_user_changelist"), {"q": str(boss)}).content.decode()
    assert str(boss).endswith("@münchen.example")
    assert str(boss) in found.partition("results")[2]
    (row,) = downloaded(client)
    assert row["E-mail address"] == boss.email
    answer = client.get(reverse("admin:tenants_user_changelist"), {"o": "1"})
    assert answer.status_code == 200


@pytest.mark.django_db
def test_who_is_signed_in_reads_their_address(client: Client, tenant: Tenant) -> None:
    user: User = UserFactory.create(tenant=tenant, email=f"anna@{STORED}")
    client.force_login(user)
    assert "anna@münchen.example" in client.get("/account/").content.decode()
