"""Who may open anything now, and who is meant by *the organisation*: each account alone, and in lists."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tenants.models import Address, Domain, DomainRule, User
from tenants.standing import Standing, able_to_open, members, membership, opening
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.services.product import PYTHON, ROOT, clean_environment

NOW = dt.datetime(2026, 11, 24, 12, tzinfo=dt.UTC)
GOOD, OTHER_DOMAIN = Standing.GOOD, Standing.OTHER_DOMAIN
DOMAINS = ("walkers.com", "lab.walkers.com", "riders.org")


def anna(**facts: Any) -> User:
    user: User = UserFactory.create(
        email="anna@walkers.com", tenant__name="walkers.com", password="!", **facts
    )
    Address.objects.update(proven_at=NOW)
    return user


def standing_of(user: User, *domains: str, now: dt.datetime = NOW) -> Standing:
    return membership(user, domains=domains or DOMAINS, now=now)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("days", "expected"), [(75, True), (76, True), (89, True), (90, False), (91, False)]
)
def test_a_proof_holds_for_ninety_days(days: int, expected: bool) -> None:
    user, now = anna(), NOW + dt.timedelta(days=days)
    assert (opening(user, now=now) is GOOD) is expected
    assert able_to_open(now=now).filter(pk=user.pk).exists() is expected
    assert (standing_of(user, now=now) is GOOD) is expected


@pytest.mark.django_db
def test_the_number_of_days_is_a_setting(settings: Any) -> None:
    settings.MAILBOX_PROOF_DAYS = 10
    user = anna()
    assert opening(user, now=NOW + dt.timedelta(days=9)) is GOOD
    assert opening(user, now=NOW + dt.timedelta(days=10)) is Standing.MAILBOX_NOT_PROVEN


def test_no_days_at_all_are_refused_at_the_start(tmp_path: Path) -> None:
    environment = clean_environment(MAILBOX_PROOF_DAYS="0", VAR_DIR=str(tmp_path), DEBUG="true")
    command = (PYTHON, "manage.py", "check")
    start = subprocess.run(
        command, check=False, env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert start.returncode != 0
    assert "MAILBOX_PROOF_DAYS is 0" in start.stderr


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["admin", "sync", "federated"])
def test_accounts_that_did_not_sign_up_are_not_asked(method: str) -> None:
    user = anna(creation_method=method)
    Domain.objects.update(state=Domain.State.VERIFIED)
    Address.objects.update(proven_at=None)
    assert opening(user, now=NOW) is GOOD
    assert standing_of(user) is GOOD


@pytest.mark.django_db
@pytest.mark.parametrize("state", ["disabled", "deleted"])
def test_a_switched_off_account_opens_nothing(state: str) -> None:
    assert opening(anna(state=state), now=NOW) is Standing.NOT_ACTIVE


@pytest.mark.django_db
def test_the_organisation_is_the_accounts_of_its_domains() -> None:
    assert standing_of(anna(), "riders.org", "walkers.com") is GOOD
    assert standing_of(User.objects.get(), "riders.org", "lab.walkers.com") is OTHER_DOMAIN
    assert standing_of(OperatorFactory.create(password="!"), "rms.internal") is OTHER_DOMAIN


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"walkers.com": "block"}, Standing.DOMAIN_BLOCKED),
        ({"com": "block"}, Standing.DOMAIN_BLOCKED),
        ({"walkers.com": "personal"}, Standing.DOMAIN_BLOCKED),
        ({"com": "block", "walkers.com": "allow"}, GOOD),
        ({"lab.walkers.com": "block"}, GOOD),
    ],
)
def test_a_block_makes_organisation_wide_grants_rest(
    rules: dict[str, str], expected: Standing
) -> None:
    user = anna()
    for domain, decision in rules.items():
        DomainRule.objects.create(domain=domain, decision=decision)
    assert standing_of(user) is expected
    assert members(domains=DOMAINS, now=NOW).filter(pk=user.pk).exists() is (expected is GOOD)
    assert opening(user, now=NOW) is GOOD


@pytest.mark.django_db
def test_an_alias_in_another_domain_makes_no_member_there() -> None:
    user = anna()
    other = Domain.objects.create(name="riders.org", tenant=user.addresses.get().domain.tenant)
    Address.objects.create(
        user=user, address="anna@riders.org", domain=other, is_primary=False, proven_at=NOW
    )
    assert standing_of(user, "riders.org") is OTHER_DOMAIN
    assert not members(domains={"riders.org"}, now=NOW).exists()


ACCOUNTS = st.fixed_dictionaries(
    {
        "domain": st.sampled_from(DOMAINS),
        "state": st.sampled_from(["active", "disabled", "deleted", "closed"]),
        "creation_method": st.sampled_from(["email_verified", "admin", "sync", "federated"]),
        "admission": st.sampled_from(["not_needed", "awaited", "admitted"]),
        "proven": st.none() | st.integers(0, 200),
        "has_address": st.booleans(),
    }
)
RULES = st.dictionaries(
    st.sampled_from([*DOMAINS, "com", "org"]), st.sampled_from(["allow", "block", "personal"])
)


class TestListsAnswerAsEachAccountDoes(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(
        accounts=st.lists(ACCOUNTS, max_size=6),
        rules=RULES,
        asked=st.sets(st.sampled_from(DOMAINS)),
    )
    def test_for_any_accounts_rules_and_domains(
        self, accounts: list[dict[str, Any]], rules: dict[str, str], asked: set[str]
    ) -> None:
        tenants = {name: TenantFactory.create(name=name) for name in DOMAINS}
        Domain.objects.update(state=Domain.State.VERIFIED)
        for number, facts in enumerate(accounts):
            make(number, tenants[facts["domain"]], facts)
        for domain, decision in rules.items():
            DomainRule.objects.create(domain=domain, decision=decision)
        OperatorFactory.create(password="!")
        everybody = list(User.objects.prefetch_related("addresses"))
        assert set(able_to_open(now=NOW)) == {
            user for user in everybody if opening(user, now=NOW) is GOOD
        }
        assert set(members(domains=asked, now=NOW)) == {
            user for user in everybody if membership(user, domains=asked, now=NOW) is GOOD
        }


def make(number: int, tenant: Any, facts: dict[str, Any]) -> None:
    email = f"user{number}@{tenant.name}"
    is_closed = facts["state"] == "closed"
    user = User.objects.create(
        tenant=tenant,
        email=None if is_closed else email,
        state=facts["state"],
        creation_method=facts["creation_method"],
        admission=facts["admission"],
        admitted_at=timezone.now() if facts["admission"] == "admitted" else None,
    )
    if facts["has_address"] and not is_closed:
        proven = facts["proven"]
        Address.objects.create(
            address=email,
            user=user,
            domain=tenant.domains.get(),
            proven_at=None if proven is None else NOW - dt.timedelta(days=proven),
        )
