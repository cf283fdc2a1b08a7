"""Accounts that are made for people: the mail, the page behind it, and which doors are open to whom."""

from __future__ import annotations

import datetime as dt
import itertools
import re
import tempfile
from contextlib import suppress

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from outbox.models import MailLink, OutboxMail
from signup.models import Acceptance
from subscriptions.models import FREE_PLAN, AssignedLicence
from tenants.flows import states
from tenants.models import Address, Domain, DomainRule, Tenant, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.test_commands import refusal, run
from tests.walk import PASSWORD, ClientVisitor, ask, finish, sign_in

pytestmark = pytest.mark.django_db
INBOX = LocalInbox()
ANNA = "anna@walkers.com"
INVITATION = re.compile(r"https?://\S+/signup/invitation/[\w-]{43}/")
SUBJECT = "You have an account for Information Protection"


def organisation(**switches: bool) -> Tenant:
    tenant = TenantFactory.create(name="walkers.com", **switches)
    Domain.objects.update(state=Domain.State.VERIFIED)
    return tenant


@pytest.fixture
def tenant() -> Tenant:
    return organisation()


@pytest.fixture
def visitor(client: Client) -> ClientVisitor:
    return ClientVisitor(client)


def invited() -> str:
    """The link of an invitation."""
    run("create_user", ANNA, "--first-name", "Anna", "--last-name", "Archer")
    return INBOX.mails_to(ANNA)[-1].link(INVITATION)


def test_an_account_is_made_and_its_owner_chooses_a_password(
    tenant: Tenant, visitor: ClientVisitor
) -> None:
    made = run("create_user", "Anna@Walkers.com", "--first-name", "Anna", "--last-name", "Archer")
    assert (made["email"], made["creation_method"], made["tenant_id"]) == (
        ANNA,
        "admin",
        str(tenant.id),
    )
    assert made["proven_at"] is None
    (mail,) = INBOX.mails_to(ANNA)
    assert mail.subject == SUBJECT
    assert "walkers.com" in mail.text
    assert "Archer" not in mail.text
    assert 'value="Archer"' in visitor.get(mail.link(INVITATION)).text
    assert not User.objects.get().has_usable_password()
    assert finish(visitor, mail.link(INVITATION)).location == "/welcome/"
    assert visitor.get("/welcome/").status == 200
    user = User.objects.get()
    assert (user.first_name, Address.objects.get().proven_at is not None) == ("Robin", True)
    assert AssignedLicence.objects.get().subscription.plan_id == FREE_PLAN
    assert Acceptance.objects.filter(user=user).count() == 2
    assert AuditEvent.objects.filter(action="user.invitation_accepted").count() == 1


def test_nobody_signs_in_before_a_password_was_chosen(
    tenant: Tenant, visitor: ClientVisitor
) -> None:
    invited()
    assert sign_in(visitor, ANNA).status == 200
    assert sign_in(visitor, ANNA, "").status == 200


def test_opening_an_invitation_changes_nothing_and_it_works_once(
    tenant: Tenant, visitor: ClientVisitor
) -> None:
    link = invited()
    before = list(User.objects.values())
    for _ in range(5):
        assert visitor.get(link).headers["Cache-Control"] == "no-store"
    assert list(User.objects.values()) == before
    finish(visitor, link)
    stranger = ClientVisitor(Client())
    assert finish(stranger, link, password="known to the attacker all along").status == 410
    assert sign_in(stranger, ANNA, "known to the attacker all along").status == 200
    assert sign_in(stranger, ANNA, PASSWORD).status == 302


def test_an_old_invitation_leads_to_a_new_one_with_one_press(
    tenant: Tenant, visitor: ClientVisitor
) -> None:
    link = invited()
    with time_machine.travel(timezone.now() + dt.timedelta(hours=24, minutes=1)):
        old = visitor.get(link)
        assert old.status == 410
        assert "Send me a new link" in old.text
        visitor.post(f"{link}renew/", {})
        visitor.post(f"{link}renew/", {})
        mails = INBOX.mails_to(ANNA)
        assert len(mails) == 2
        assert finish(visitor, mails[-1].link(INVITATION)).location == "/welcome/"
        assert visitor.post(f"{link}renew/", {}).status == 302
        assert len(INBOX.mails_to(ANNA)) == 2


@pytest.mark.parametrize("change", ["disable", "delete", "close"])
def test_an_invitation_ends_with_its_account(
    tenant: Tenant, visitor: ClientVisitor, change: str
) -> None:
    link = invited()
    getattr(states, change)(user=User.objects.get(), acting_user=None)
    assert visitor.get(link).status == 404
    assert finish(visitor, link).status == 404


def test_a_link_that_nobody_sent_leads_nowhere(tenant: Tenant, visitor: ClientVisitor) -> None:
    invited()
    assert visitor.get("/signup/invitation/x/").status == 404
    assert visitor.post("/signup/invitation/x/renew/", {}).location == "/signup/invitation/x/"
    kept = MailLink.objects.get()
    assert kept.digest not in INBOX.mails_to(ANNA)[-1].text


def test_signing_up_with_an_invited_address_says_that_there_is_an_account(
    tenant: Tenant, visitor: ClientVisitor
) -> None:
    invited()
    ask(visitor, ANNA)
    assert INBOX.mails_to(ANNA)[-1].subject.startswith("You already have an account")


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("anna@other.com", "No tenant has the domain other.com"),
        ("anna", "e-mail address"),
        ("märta@walkers.com", "letters beyond a to z"),
        ("taken@walkers.com", "has this address already"),
        ("boss@walkers.com", "has this address already"),
    ],
)
def test_an_account_that_cannot_be_made_is_refused(
    tenant: Tenant, address: str, sentence: str
) -> None:
    UserFactory.create(tenant=tenant, email="taken@walkers.com")
    OperatorFactory.create(email="boss@walkers.com")
    assert sentence in refusal("create_user", address)
    assert not OutboxMail.objects.exists()


def test_a_deleted_account_keeps_its_address(tenant: Tenant) -> None:
    invited()
    run("delete_user", ANNA)
    assert "has this address already" in refusal("create_user", ANNA)


def test_nobody_is_made_in_a_domain_that_is_not_proven_or_is_blocked(tenant: Tenant) -> None:
    DomainRule.objects.create(domain="walkers.com", decision="block")
    assert "is blocked" in refusal("create_user", ANNA)
    DomainRule.objects.all().delete()
    Domain.objects.update(state=Domain.State.UNVERIFIED)
    assert "Prove the domain first" in refusal("create_user", ANNA)
    assert not User.objects.exists()


# The switches: every door, all four, with and without an account.

SWITCHES = list(itertools.product((True, False), repeat=2))


def through(door: str, visitor: ClientVisitor, tenant: Tenant, switches: tuple[bool, bool]) -> bool:
    """Whether an account came of it. The link of the last door was sent before the switch."""

    def switch() -> None:
        Tenant.objects.filter(pk=tenant.pk).update(
            allow_ad_hoc_subscriptions=switches[0], allow_email_verified_users=switches[1]
        )

    before = User.objects.count()
    if door == "link sent before":
        ask(visitor, ANNA)
    switch()
    if door == "create_user":
        _quietly("create_user", ANNA)
    elif door == "import_users":
        run("import_users", "walkers.com", _file_with(ANNA))
    elif door == "web":
        ask(visitor, ANNA)
    for mail in INBOX.mails_to(ANNA) if door in {"web", "link sent before"} else ():
        if "/signup/confirm/" in mail.text:
            finish(visitor, mail.link())
    return User.objects.count() > before


def _quietly(*words: str) -> None:
    with suppress(SystemExit):  # refused, where there is an account
        run(*words)


def _file_with(address: str) -> str:
    with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as file:
        file.write(f"email\n{address}\n")
    return file.name


@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize("door", ["web", "link sent before", "create_user", "import_users"])
def test_every_door_follows_the_switches(
    tenant: Tenant, visitor: ClientVisitor, door: str, switches: tuple[bool, bool]
) -> None:
    made = through(door, visitor, tenant, switches)
    is_administration = door in {"create_user", "import_users"}
    assert made is (is_administration or switches == (True, True))


@pytest.mark.parametrize("switches", SWITCHES)
@pytest.mark.parametrize("door", ["web", "link sent before", "create_user", "import_users"])
def test_no_door_makes_a_second_account(
    tenant: Tenant, visitor: ClientVisitor, door: str, switches: tuple[bool, bool]
) -> None:
    user = UserFactory.create(tenant=tenant, email=ANNA)
    password = user.password
    assert through(door, visitor, tenant, switches) is False
    user.refresh_from_db()
    assert user.password == password
