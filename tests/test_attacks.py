"""What an attacker tried, and found closed."""

from __future__ import annotations

import datetime as dt
import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from outbox.models import OutboxMail
from outbox.services import deliver, enqueue
from rms_portal import refusals
from signup.admission import TO_ADDRESS
from signup.models import LegalDocument, SignUp
from signup.selectors import current_document
from subscriptions.models import AssignedLicence
from tenants.models import DomainRule, Tenant
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.walk import PASSWORD, ClientVisitor, ask, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(client: Client) -> ClientVisitor:
    return ClientVisitor(client)


def plan_link(visitor: ClientVisitor) -> tuple[str, str]:
    """The address of an account without the plan, and the link that only adds the plan."""
    tenant = TenantFactory.create(allow_email_verified_users=False)
    address = str(UserFactory.create(tenant=tenant).email)
    ask(visitor, address)
    return address, LocalInbox().mails_to(address)[-1].link()


def test_the_inbox_of_embedded_runs_is_not_for_a_public_address() -> None:
    sentences = refusals.of_settings(
        debug=False,
        secret_key="k" * 64,
        allowed_hosts=["rights.example.com"],
        public_url="https://rights.example.com",
        listen="127.0.0.1",
        mail_is_sent=False,
        mail_from="",
        trusted_proxies=[],
        log_format="line",
        mailbox_proof_days=90,
        metrics_token="",
        dns_resolvers=[],
    )
    assert any("EMAIL_URL" in sentence for sentence in sentences)


@pytest.mark.parametrize("typed", ["=?utf-8?q?anna?=@walkers.com", "\u017fmith@walkers.com"])
def test_no_address_that_mail_would_carry_to_somebody_else(
    visitor: ClientVisitor, typed: str
) -> None:
    assert ask(visitor, typed).status == 200
    assert not OutboxMail.objects.exists()


def test_the_outbox_does_not_hand_over_what_would_go_to_somebody_else() -> None:
    mail = enqueue(kind="accounts.no_account", to_address="\u017fmith@walkers.com", language="en")
    deliver(mail.id)
    mail.refresh_from_db()
    assert mail.state == OutboxMail.State.FAILED


@pytest.mark.parametrize("what", ["switch", "block"])
def test_a_switch_and_a_block_hold_for_the_link_that_only_adds_the_plan(
    visitor: ClientVisitor, what: str
) -> None:
    address, link = plan_link(visitor)
    sign_in(visitor, address)
    if what == "switch":
        Tenant.objects.update(allow_ad_hoc_subscriptions=False)
    else:
        DomainRule.objects.create(domain=address.partition("@")[2], decision="block")
    assert visitor.post(link, {}).status == 200
    assert not AssignedLicence.objects.exists()


def test_pressing_the_plan_link_outlives_the_link_by_nothing(
    visitor: ClientVisitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, link = plan_link(visitor)
    visitor.post(link, {})
    later = time.time() + dt.timedelta(hours=25).total_seconds()
    monkeypatch.setattr("signup.receivers.time.time", lambda: later)
    sign_in(visitor, address)
    assert not AssignedLicence.objects.exists()


def test_the_plan_link_leads_its_holder_to_sign_in_though_a_colleague_is_signed_in(
    visitor: ClientVisitor,
) -> None:
    address, link = plan_link(visitor)
    sign_in(visitor, str(UserFactory.create().email))
    assert visitor.post(link, {}).location.startswith("/accounts/login/")
    sign_in(visitor, address)
    assert AssignedLicence.objects.get().user.email == address


def test_an_operators_address_in_a_closed_organisation_has_an_account_already(
    visitor: ClientVisitor,
) -> None:
    tenant = TenantFactory.create(allow_email_verified_users=False)
    OperatorFactory.create(email=f"ops@{tenant.name}")
    ask(visitor, f"ops@{tenant.name}")
    assert SignUp.objects.get().outcome == "already_registered"


@pytest.mark.parametrize("field", ["sku", "ru"])
def test_what_a_database_cannot_store_is_not_stored(visitor: ClientVisitor, field: str) -> None:
    fields = {"email": "anna@walkers.com", field: "/a\0b"}
    assert visitor.post("/signup/", fields).status == 302
    row = SignUp.objects.get()
    assert (row.sku, row.return_url) == ("", "")


def test_resending_stops_at_a_block(visitor: ClientVisitor) -> None:
    ask(visitor, "anna@walkers.com")
    DomainRule.objects.create(domain="walkers.com", decision="block")
    TO_ADDRESS.forget("anna@walkers.com")
    visitor.post("/signup/resend/", {})
    assert OutboxMail.objects.count() == 1


def test_terms_hold_from_their_publication() -> None:
    tomorrow = timezone.now() + dt.timedelta(days=1)
    LegalDocument.objects.create(
        kind="terms", version="2", title="New", text="…", published_at=tomorrow
    )
    document: Any = current_document("terms", "en")
    assert document.version == "1"


def test_a_reset_goes_to_the_stored_address_whichever_alias_was_typed(
    visitor: ClientVisitor,
) -> None:
    user = UserFactory.create()
    domain = user.addresses.get().domain
    user.addresses.create(
        address=f"alias@{domain.name}", domain=domain, is_primary=False, proven_at=timezone.now()
    )
    visitor.post("/accounts/password/reset/", {"email": f"alias@{domain.name}"})
    assert OutboxMail.objects.get().to_address == user.email


@pytest.mark.parametrize(
    ("url", "leads_to"),
    [
        ("/guide/", "/guide/"),
        ("http://localhost/x", "/welcome/"),
        ("https://evil.com/", "/welcome/"),
        ("//evil.com", "/welcome/"),
        ("/\\evil.com", "/welcome/"),
        ("https://files.walkers.com/doc", "https://files.walkers.com/doc"),
    ],
)
def test_signing_in_leads_on_only_to_where_it_may(
    client: Client, settings: Any, url: str, leads_to: str
) -> None:
    settings.RETURN_URL_HOSTS = ["files.walkers.com"]
    address = str(UserFactory.create().email)
    answer = client.post("/accounts/login/", {"login": address, "password": PASSWORD, "next": url})
    assert answer.headers["Location"] == leads_to
