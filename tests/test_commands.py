"""The commands, run as their users run them: what they answer, change, refuse and leave alone."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, get_commands
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from outbox.models import OutboxMail
from subscriptions.models import AssignedLicence, Subscription
from tenants.models import DomainRule, Tenant, User
from tests.factories import SubscriptionFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.walk import ClientVisitor, ask, sign_in

pytestmark = pytest.mark.django_db
OWN_PASSWORD = "seven quiet lanterns ashore"
OURS = ("audit", "outbox", "tenants", "subscriptions", "accounts", "signup", "feed", "rms_portal")


def run(*words: str) -> Any:
    """The command's JSON answer."""
    out = io.StringIO()
    call_command(*words, "--json", stdout=out)
    return json.loads(out.getvalue())


def say(*words: str) -> str:
    """What the command prints for people."""
    out = io.StringIO()
    call_command(*words, stdout=out)
    return out.getvalue()


def refusal(*words: str) -> str:
    """The one sentence on standard error of a command that ends with status 1."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as end:
        call_command(*words, stdout=out, stderr=err)
    assert end.value.code == 1
    assert not out.getvalue()
    sentence = err.getvalue().strip()
    assert sentence
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create(name="walkers.com")


def test_list_tenants(tenant: Tenant) -> None:
    (row,) = run("list_tenants")
    assert (row["id"], row["state"], row["domains"]) == (
        str(tenant.id),
        "unmanaged",
        ["walkers.com"],
    )
    assert "walkers.com" in say("list_tenants")


def test_show_tenant(tenant: Tenant) -> None:
    shown = run("show_tenant", "WALKERS.com.")
    assert shown["id"] == str(tenant.id)
    assert shown["allow_ad_hoc_subscriptions"] is True
    assert "No tenant has the domain other.com" in refusal("show_tenant", "other.com")
    assert "not a domain name" in refusal("show_tenant", "no domain")


def test_list_users(tenant: Tenant) -> None:
    user = UserFactory.create(tenant=tenant)
    UserFactory.create()
    (row,) = run("list_users", "walkers.com")
    assert row["id"] == str(user.id)
    assert {"email", "tenant_id", "role", "state", "creation_method"} <= set(row)


def test_list_signups_and_purge() -> None:
    ask(ClientVisitor(Client()), "anna@walkers.com")
    (row,) = run("list_signups", "--domain", "walkers.com", "--state", "pending")
    assert row["address"] == "anna@walkers.com"
    assert run("list_signups", "--domain", "other.com") == []
    assert say("list_signups", "--state", "completed") == "There is no such sign-up.\n"
    assert run("purge_signups") == {"deleted": 0, "forgotten": 0}


def test_the_outbox_is_listed_and_retried() -> None:
    ask(ClientVisitor(Client()), "anna@walkers.com")
    mail = OutboxMail.objects.get()
    assert [row["id"] for row in run("list_outbox")] == [str(mail.id)]
    OutboxMail.objects.update(
        state=OutboxMail.State.FAILED, failed_at=timezone.now(), last_error="550 no"
    )
    assert run("list_outbox", "--state", "failed")[0]["last_error"] == "550 no"
    assert run("retry_outbox") == {"queued": 1}
    LocalInbox().mails_to("anna@walkers.com")
    assert run("list_outbox") == []
    assert "waits or failed" in refusal("retry_outbox", str(mail.id))


def test_a_second_operator_signs_in_with_the_password_that_is_shown_once_and_chooses_another() -> (
    None
):
    assert run("create_operator", "ina@rms.internal", "--dry-run")["password"] is None
    assert not User.objects.exists()
    made = run("create_operator", "Ina@RMS.internal")
    assert (made["email"], made["role"]) == ("ina@rms.internal", "operator")
    client = Client()
    sign_in(ClientVisitor(client), "ina@rms.internal", made["password"])
    assert client.get("/admin/").headers["Location"] == "/accounts/password/change/"
    own = {"password1": OWN_PASSWORD, "password2": OWN_PASSWORD}
    client.post("/accounts/password/change/", {"oldpassword": made["password"], **own})
    assert client.get("/admin/").status_code == 200
    event = AuditEvent.objects.get(action="operator.created")
    assert (event.subject, event.actor_id) == (f"user:{made['id']}", None)
    assert made["password"] not in json.dumps(event.details)
    assert "has this address already" in refusal("create_operator", "ina@rms.internal")
    assert "e-mail address" in refusal("create_operator", "ina")


def test_switches(tenant: Tenant) -> None:
    answer = run("set_company_settings", "walkers.com", "--allow-ad-hoc-subscriptions", "false")
    assert (answer["allow_ad_hoc_subscriptions"], answer["allow_email_verified_users"]) == (
        False,
        True,
    )
    tenant.refresh_from_db()
    assert tenant.allow_ad_hoc_subscriptions is False
    event = AuditEvent.objects.get(action="tenant.settings_changed")
    assert event.details == {"allow_ad_hoc_subscriptions": False}
    sentence = refusal(
        "set_company_settings", "walkers.com", "--allow-ad-hoc-subscriptions", "maybe"
    )
    assert "neither true nor false" in sentence


def test_a_dry_run_changes_nothing_and_says_what_would_become_of_it(tenant: Tenant) -> None:
    words = ("set_company_settings", "walkers.com", "--allow-ad-hoc-subscriptions", "false")
    answer = run(*words, "--dry-run")
    assert (answer["dry_run"], answer["allow_ad_hoc_subscriptions"]) == (True, False)
    tenant.refresh_from_db()
    assert tenant.allow_ad_hoc_subscriptions is True
    assert not AuditEvent.objects.exists()


def test_domains_are_blocked_allowed_and_unblocked() -> None:
    run("block_domain", "MÜNCHEN.de", "--reason", "abuse")
    rule = DomainRule.objects.get()
    assert (rule.domain, rule.decision, rule.reason) == ("xn--mnchen-3ya.de", "block", "abuse")
    assert ask(ClientVisitor(Client()), "anna@lab.münchen.de").status == 200
    run("unblock_domain", "münchen.de")
    assert ask(ClientVisitor(Client()), "anna@lab.münchen.de").status == 302
    assert "is not blocked here" in refusal("unblock_domain", "münchen.de")
    assert ask(ClientVisitor(Client()), "anna@gmail.com").status == 200
    run("allow_domain", "gmail.com")
    assert ask(ClientVisitor(Client()), "anna@gmail.com").status == 302


def test_a_subscription_is_converted_changed_and_cancelled(tenant: Tenant) -> None:
    words = ("convert_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1")
    assert "sold by units" in refusal(*words)
    trial = run(*words, "--units", "5", "--trial", "30")
    assert (trial["state"], trial["units"], trial["used"]) == ("trial", 5, 0)
    bought = run(*words, "--units", "7")
    assert (bought["state"], bought["units"]) == ("active", 7)
    (row,) = run("list_subscriptions", "walkers.com")
    assert (row["plan"], row["units"], row["used"], row["state"]) == (
        "AIP_PREMIUM_P1",
        7,
        0,
        "active",
    )
    cancelled = run("cancel_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1")
    assert cancelled["state"] == "cancelled"
    assert "no subscription to AIP_PREMIUM_P1" in refusal(
        "cancel_subscription", "walkers.com", "--plan", "AIP_PREMIUM_P1"
    )


def test_units_never_fall_below_what_is_assigned(tenant: Tenant) -> None:
    subscription: Subscription = SubscriptionFactory.create(tenant=tenant, units=3)
    for user in UserFactory.create_batch(2, tenant=tenant):
        AssignedLicence.objects.create(subscription=subscription, user=user)
    words = ("convert_subscription", "walkers.com", "--plan", "ENTERPRISEPACK")
    assert "2 units are assigned" in refusal(*words, "--units", "1")


def test_an_unknown_plan_is_refused_with_the_plans_there_are(tenant: Tenant) -> None:
    sentence = refusal("convert_subscription", "walkers.com", "--plan", "NOPE", "--units", "1")
    assert "ENTERPRISEPACK" in sentence


def test_every_command_of_ours_has_a_test() -> None:
    """Its name stands in quotes in some test."""
    texts = "".join(path.read_text() for path in Path(__file__).parent.rglob("*.py"))
    commands = {name for name, app in get_commands().items() if app in OURS}
    assert len(commands) > 50
    assert sorted(name for name in commands if f'"{name}"' not in texts) == []
