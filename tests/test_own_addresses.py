"""A new address, by its owner: one pressed mail, signed in; nothing else changes anything or tells anybody."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from outbox.models import MailLink, OutboxMail
from tenants.models import Address, Domain, User
from tenants.standing import Standing, opening
from tests.factories import GroupFactory, OperatorFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.staff import sign_in_fresh
from tests.test_commands import run
from tests.walk import ClientVisitor, sign_in

pytestmark = pytest.mark.django_db
ANNA, NEW = "anna@walkers.com", "anna.smith@walkers.com"
PAGE, CHOOSE, REMOVE = (f"/account/addresses/{part}" for part in ("", "choose/", "remove/"))
LINK = re.compile(r"https?://\S+(/accounts/address/[\w-]{43}/)")


@pytest.fixture
def anna() -> User:
    return UserFactory.create(tenant=TenantFactory.create(name="walkers.com"), email=ANNA)


@pytest.fixture
def browser(client: Client, anna: User) -> Client:
    sign_in(ClientVisitor(client), ANNA)
    return client


def ask(browser: Client, address: str = NEW, **more: str) -> Any:
    return browser.post(PAGE, {"email": address, **more})


def link(address: str = NEW) -> str:
    found = LINK.search(LocalInbox().mails_to(address)[-1].text)
    assert found
    return found[1]


def email_of(user: User) -> str | None:
    return User.objects.get(pk=user.pk).email


def addresses_of(user: User) -> list[str]:
    return list(user.addresses.order_by("-is_primary", "address").values_list("address", flat=True))


def test_one_pressed_mail_changes_the_address_and_proves_it(browser: Client, anna: User) -> None:
    Address.objects.update(proven_at=timezone.now() - dt.timedelta(days=100))
    answer = browser.post(PAGE, {"email": " Anna.Smith@Walkers.com", "keep_old": "on"}, follow=True)
    assert "A mail is on its way to anna.smith@walkers.com" in answer.content.decode()
    assert email_of(anna) == ANNA
    assert "Is this your new address?" in browser.get(link()).content.decode()
    assert email_of(anna) == ANNA
    assert browser.post(link()).headers["Location"] == PAGE
    assert addresses_of(anna) == [NEW, ANNA]
    assert opening(User.objects.get(pk=anna.pk), now=timezone.now()) is Standing.GOOD
    assert browser.get("/account/").status_code == 200
    assert "goes to another address" in LocalInbox().mails_to(ANNA)[-1].text


def test_the_old_one_goes_where_one_wants_it(browser: Client, anna: User) -> None:
    ask(browser)
    browser.post(link())
    assert addresses_of(anna) == [NEW]


def test_whoever_is_not_signed_in_does_so_first_and_presses_again(
    browser: Client, anna: User
) -> None:
    ask(browser)
    phone = Client()
    assert "then ask you to sign in" in phone.get(link()).content.decode()
    to_sign_in = phone.post(link()).headers["Location"]
    assert to_sign_in.startswith("/accounts/login/?next=%2Faccounts%2Faddress%2F")
    assert email_of(anna) == ANNA
    sign_in(ClientVisitor(phone), ANNA)
    phone.post(link())
    assert email_of(anna) == NEW


def test_somebody_elses_press_changes_nothing(browser: Client, anna: User) -> None:
    ask(browser)
    other = Client()
    ben = UserFactory.create(tenant=anna.tenant)
    sign_in(ClientVisitor(other), str(ben.email))
    assert "another account" in other.get(link()).content.decode()
    assert "another account" in other.post(link()).content.decode()
    assert (email_of(anna), email_of(ben)) == (ANNA, ben.email)


def test_a_link_works_once_and_not_for_long(browser: Client, anna: User) -> None:
    ask(browser, keep_old="on")
    old = link()
    with time_machine.travel(timezone.now() + dt.timedelta(hours=73)):
        sign_in(ClientVisitor(browser), ANNA)
        assert browser.get(old).status_code == 410
    browser.post(old)
    assert "already" in browser.get(old).content.decode()
    browser.post(CHOOSE, {"address": ANNA})
    assert email_of(anna) == ANNA
    assert browser.post(old).status_code == 410
    assert email_of(anna) == ANNA
    assert browser.get("/accounts/address/x/").status_code == 404


def test_a_link_ends_with_its_account(browser: Client, anna: User) -> None:
    ask(browser)
    run("disable_user", ANNA)
    assert browser.get(link()).status_code == 404


def test_free_and_taken_addresses_look_the_same(browser: Client, anna: User) -> None:
    UserFactory.create(tenant=anna.tenant, email="ben@walkers.com")
    group = GroupFactory.create(tenant=anna.tenant)
    Domain.objects.update(state=Domain.State.VERIFIED)
    run("change_group", "walkers.com", group.name, "--addresses", "all@walkers.com")
    OperatorFactory.create(email="ina@walkers.com")
    UserFactory.create(tenant=anna.tenant, email="gone@walkers.com")
    run("delete_user", "gone@walkers.com")
    OutboxMail.objects.all().delete()
    seen = set()
    addresses = [NEW, "ben@walkers.com", "all@walkers.com", "ina@walkers.com", "gone@walkers.com"]
    for address in addresses:
        answer = browser.post(PAGE, {"email": address}, follow=True)
        body = re.sub(r'value="[\w-]{64}"', "", answer.content.decode().replace(address, "IT"))
        seen.add((answer.status_code, re.sub(r"nonce-\S+", "", body)))
    assert len(seen) == 1
    assert sorted(OutboxMail.objects.values_list("to_address", flat=True)) == sorted(addresses)
    assert MailLink.objects.count() == 1
    assert "belongs to another account" in LocalInbox().mails_to("ben@walkers.com")[-1].text


def test_what_was_taken_meanwhile_is_told_when_pressed(browser: Client, anna: User) -> None:
    ask(browser)
    UserFactory.create(tenant=anna.tenant, email=NEW)
    answer = browser.post(link(), follow=True)
    assert "has this address already" in answer.content.decode()
    assert email_of(anna) == ANNA


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("anna@riders.org", "not a domain of this organisation"),
        ("anna@nowhere.com", "not a domain of this organisation"),
        (ANNA, "your address already"),
        ("nothing", "like name@company.com"),
        ("ännä@walkers.com", "letters beyond a to z"),
    ],
)
def test_only_addresses_of_the_own_organisation(
    browser: Client, address: str, sentence: str
) -> None:
    TenantFactory.create(name="riders.org")
    answer = ask(browser, address)
    assert answer.status_code == 200
    assert sentence in answer.content.decode()
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not OutboxMail.objects.filter(kind="accounts.new_address").exists()


def test_nothing_goes_to_a_blocked_domain(browser: Client) -> None:
    run("block_domain", "walkers.com")
    assert "Nobody gets an address in" in ask(browser).content.decode()


def test_an_address_gets_few_mails_and_the_page_does_not_say(browser: Client) -> None:
    first = browser.post(PAGE, {"email": NEW}, follow=True)
    second = browser.post(PAGE, {"email": NEW}, follow=True)
    assert "on its way" in first.content.decode()
    assert "on its way" in second.content.decode()
    assert OutboxMail.objects.filter(to_address=NEW).count() == 1


def test_the_password_is_asked_for_again_after_a_while(client: Client, anna: User) -> None:
    sign_in_fresh(client, anna, minutes_ago=30)
    assert "/reauthenticate/" in ask(client).headers["Location"]
    for url in (CHOOSE, REMOVE):
        assert "/reauthenticate/" in client.post(url, {"address": ANNA}).headers["Location"]
    assert not OutboxMail.objects.filter(to_address=NEW).exists()


def test_an_alias_that_was_proven_becomes_the_address_without_a_mail(
    browser: Client, anna: User
) -> None:
    Domain.objects.update(state=Domain.State.VERIFIED)
    run("add_alias", ANNA, NEW)
    assert "Nobody has opened" in browser.get(PAGE).content.decode()
    answer = browser.post(CHOOSE, {"address": NEW}, follow=True)
    assert "Nobody has opened the mailbox" in answer.content.decode()
    assert email_of(anna) == ANNA
    ask(browser, keep_old="on")
    browser.post(link())
    browser.post(CHOOSE, {"address": ANNA})
    assert addresses_of(anna) == [ANNA, NEW]
    browser.post(REMOVE, {"address": NEW})
    assert addresses_of(anna) == [ANNA]
    for url in (CHOOSE, REMOVE):
        for address in (ANNA, NEW, "junk"):
            browser.post(url, {"address": address})
    assert addresses_of(anna) == [ANNA]


def test_strangers_may_read_a_role_mailbox_so_its_account_waits_for_admission(
    browser: Client, anna: User
) -> None:
    ask(browser, "support@walkers.com")
    browser.post(link("support@walkers.com"))
    assert User.objects.get(pk=anna.pk).admission == User.Admission.AWAITED


def test_addresses_of_a_directory_are_changed_there(browser: Client, anna: User) -> None:
    User.objects.filter(pk=anna.pk).update(creation_method=User.CreationMethod.SYNC)
    page = browser.get(PAGE).content.decode()
    assert "comes from your organisation" in page
    assert 'name="email"' not in page
    ask(browser)
    assert not OutboxMail.objects.filter(to_address=NEW).exists()


def test_an_operator_has_no_such_page(client: Client) -> None:
    sign_in(ClientVisitor(client), str(OperatorFactory.create().email))
    assert client.get(PAGE).headers["Location"] == "/account/"
