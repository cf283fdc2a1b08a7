"""Aliases and the change of an address, by those who administer the organisation."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from outbox.models import OutboxMail
from tenants.addresses import parse
from tenants.exceptions import NotAllowed
from tenants.flows.addresses import add_alias, change_address, make_primary, remove_alias
from tenants.flows.erase import erase_due
from tenants.models import Domain, PendingErasure, Tenant, User
from tenants.selectors import user_by_address
from tenants.standing import Standing, opening
from tests.factories import GroupFactory, OperatorFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.test_commands import refusal, run
from tests.test_leavers import LINK as PROOF_LINK
from tests.test_leavers import RESET_LINK
from tests.walk import ClientVisitor, ask, sign_in

pytestmark = pytest.mark.django_db
INVITATION = re.compile(r"https?://\S+/signup/invitation/[\w-]{43}/")
ANNA, NEW = "anna@walkers.com", "anna.smith@walkers.com"


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory.create(name="walkers.com", state=Tenant.State.MANAGED)
    Domain.objects.create(tenant=tenant, name="walkers.org")
    tenant.domains.update(state=Domain.State.VERIFIED)
    return tenant


@pytest.fixture
def anna(tenant: Tenant) -> User:
    return UserFactory.create(tenant=tenant, email=ANNA)


def addresses_of(user: User) -> dict[str, bool]:
    return dict(user.addresses.values_list("address", "is_primary"))


def test_an_alias_signs_in_and_gets_no_mail(anna: User) -> None:
    assert run("add_alias", ANNA, "Anna.Smith@walkers.org")["aliases"] == ["anna.smith@walkers.org"]
    client = Client()
    assert sign_in(ClientVisitor(client), "anna.smith@walkers.org").location == "/welcome/"
    OutboxMail.objects.all().delete()
    client.logout()
    client.post("/accounts/password/reset/", {"email": "anna.smith@walkers.org"})
    assert [mail.to_address for mail in OutboxMail.objects.all()] == [ANNA]
    assert opening(anna, now=timezone.now()) is Standing.GOOD


def test_an_alias_is_taken_away_and_free(anna: User) -> None:
    run("add_alias", ANNA, NEW)
    assert run("remove_alias", ANNA, NEW)["aliases"] == []
    assert "is no address of the account" in refusal("remove_alias", ANNA, NEW)
    assert "cannot be removed" in refusal("remove_alias", ANNA, ANNA)
    run("create_user", NEW)
    assert user_by_address(NEW) != anna


def test_an_address_is_one_accounts_only(anna: User) -> None:
    ben = UserFactory.create(tenant=anna.tenant, email="ben@walkers.com")
    group = GroupFactory.create(tenant=anna.tenant, name="Sales")
    run("change_group", "walkers.com", group.name, "--addresses", "sales@walkers.com")
    OperatorFactory.create(email="ina@walkers.com")
    UserFactory.create(tenant=anna.tenant, email="gone@walkers.com")
    run("delete_user", "gone@walkers.com")
    taken = (str(ben.email), "sales@walkers.com", "ina@walkers.com", "gone@walkers.com", ANNA)
    for address in taken:
        assert "has this address already" in refusal("add_alias", ANNA, address)
    for address in taken[:-1]:
        assert "has this address already" in refusal("change_address", ANNA, address)
    assert addresses_of(anna) == {ANNA: True}


def test_an_address_that_is_reserved_for_an_erased_account_stays_so(anna: User) -> None:
    UserFactory.create(tenant=anna.tenant, email="gone@walkers.com")

    run("delete_user", "gone@walkers.com")
    PendingErasure.objects.update(due_at=timezone.now() - dt.timedelta(seconds=1))
    assert erase_due() == 1
    assert "has this address already" in refusal("change_address", ANNA, "gone@walkers.com")


@pytest.mark.parametrize("verb", ["add_alias", "change_address"])
def test_what_nobody_proved_lies_in_a_verified_domain_of_the_organisation(
    anna: User, verb: str
) -> None:
    TenantFactory.create(name="riders.org")
    assert "not a domain of this organisation" in refusal(verb, ANNA, "anna@nowhere.com")
    assert "not a domain of this organisation" in refusal(verb, ANNA, "anna@riders.org")
    run("block_domain", "walkers.org")
    assert "Nobody joins with an address" in refusal(verb, ANNA, "anna@walkers.org")
    Domain.objects.filter(name="walkers.com").update(state=Domain.State.UNVERIFIED)
    assert "is not proven to be the organisation's" in refusal(verb, ANNA, NEW)


@pytest.mark.parametrize("drop_old", [True, False])
def test_a_new_address_keeps_the_account_and_its_sessions(anna: User, drop_old: bool) -> None:
    client = Client()
    sign_in(ClientVisitor(client), ANNA)
    changed = run("change_address", ANNA, NEW, *(["--drop-old"] if drop_old else []))
    assert (changed["id"], changed["email"]) == (str(anna.pk), NEW)
    assert changed["aliases"] == ([] if drop_old else [ANNA])
    assert NEW in client.get("/account/").content.decode()
    assert sign_in(ClientVisitor(Client()), NEW).location == "/welcome/"
    assert (user_by_address(ANNA) is None) is drop_old


def test_both_addresses_are_told_and_the_old_one_not_where_to(anna: User) -> None:
    run("change_address", ANNA, NEW)
    (old,) = LocalInbox().mails_to(ANNA)
    assert "goes to another address" in old.text
    assert NEW not in old.text
    assert "the address of your account now" in LocalInbox().mails_to(NEW)[0].text


def test_the_log_has_the_change_encrypted(anna: User) -> None:
    run("change_address", ANNA, NEW)
    event = AuditEvent.objects.get(action="user.address_changed")
    assert event.subject == f"user:{anna.pk}"
    assert NEW not in str(event.details)


def test_who_signed_up_proves_the_new_mailbox_before_anything_opens(anna: User) -> None:
    run("change_address", ANNA, NEW)
    user = User.objects.get(pk=anna.pk)
    assert opening(user, now=timezone.now()) is Standing.MAILBOX_NOT_PROVEN
    subjects = [mail.subject for mail in LocalInbox().mails_to(NEW)]
    assert "Confirm your mailbox for Information Protection" in subjects
    run("change_address", NEW, ANNA)
    assert opening(User.objects.get(pk=anna.pk), now=timezone.now()) is Standing.GOOD


def test_an_invitation_goes_to_the_new_address_and_no_longer_works_at_the_old(
    tenant: Tenant,
) -> None:
    run("create_user", "ana@walkers.com")
    old = LocalInbox().mails_to("ana@walkers.com")[0].link(INVITATION)
    run("change_address", "ana@walkers.com", ANNA, "--drop-old")
    new = next(m for m in LocalInbox().mails_to(ANNA) if "/invitation/" in m.text).link(INVITATION)
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200


def test_a_link_for_a_new_password_ends_with_the_change(anna: User) -> None:
    Client().post("/accounts/password/reset/", {"email": ANNA})
    link = LocalInbox().mails_to(ANNA)[0].link(RESET_LINK)
    run("change_address", ANNA, NEW)
    page = Client().get(link, follow=True)
    assert "password1" not in page.content.decode()


def test_who_signs_up_with_an_alias_reads_there_that_they_have_an_account(anna: User) -> None:
    Tenant.objects.update(allow_email_verified_users=False)
    run("add_alias", ANNA, NEW)
    ask(ClientVisitor(Client()), NEW)
    (mail,) = LocalInbox().mails_to(NEW)
    assert "already have an account" in mail.subject
    assert User.objects.get() == anna


def test_a_link_that_proves_the_old_mailbox_ends_with_the_change(anna: User) -> None:
    client = Client()
    sign_in(ClientVisitor(client), ANNA)
    client.post("/accounts/mailbox/")
    link = LocalInbox().mails_to(ANNA)[-1].link(PROOF_LINK)
    assert client.get(link).status_code == 200
    run("change_address", ANNA, NEW)
    assert client.get(link).status_code == 404


def test_who_is_gone_or_in_no_organisation_has_no_address_to_change(anna: User) -> None:
    assert "no organisation" in refusal("change_address", str(OperatorFactory.create().email), NEW)
    run("delete_user", ANNA)
    assert "deleted or closed already" in refusal("change_address", ANNA, NEW)
    assert "deleted or closed already" in refusal("add_alias", ANNA, NEW)


def test_who_administers_the_organisation_decides(anna: User) -> None:
    administrator = UserFactory.create(
        tenant=anna.tenant, email="ada@walkers.com", role=User.Role.ADMINISTRATOR
    )
    stranger = UserFactory.create(
        tenant=TenantFactory.create(state=Tenant.State.MANAGED), role=User.Role.ADMINISTRATOR
    )
    colleague = UserFactory.create(tenant=anna.tenant, email="cora@walkers.com")
    for nobody in (anna, stranger, colleague):
        with pytest.raises(NotAllowed):
            change_address(user=anna, address=parse(NEW), keep_old=True, acting_user=nobody)
        with pytest.raises(NotAllowed):
            add_alias(user=anna, address=parse(NEW), acting_user=nobody)
    add_alias(user=anna, address=parse(NEW), acting_user=administrator)
    for nobody in (stranger, colleague):
        for choose in (make_primary, remove_alias):
            with pytest.raises(NotAllowed):
                choose(user=anna, address=parse(NEW), acting_user=nobody)
    assert make_primary(user=anna, address=parse(NEW), acting_user=administrator).email == NEW
    remove_alias(user=anna, address=parse(ANNA), acting_user=anna)
    assert addresses_of(anna) == {NEW: True}
