"""The five attacks of "Pre-hijacked accounts" (Sudhodanan and Paverd, 2022, arXiv 2205.10174), tried here.

In each, somebody prepares something before the victim has an account, and wants to be in it afterwards.
The attacker knows the victim's address and does not read their mailbox; where it says so, held it before.
"""

from __future__ import annotations

import datetime as dt
import re

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from outbox.models import MailLink
from tenants.models import Address, User
from tests.factories import UserFactory
from tests.outbox import LocalInbox
from tests.passkeys import Passkey
from tests.second_factors import shown_code
from tests.walk import PASSWORD, ClientVisitor, ask, finish, sign_in, sign_up

pytestmark = pytest.mark.django_db
VICTIM = "victim@walkers.com"
ATTACKERS = "known to the attacker all along"
NEW = "seven quiet lanterns ashore"
RESET = "/accounts/password/reset/"
RESET_LINK = re.compile(r"https?://\S+/accounts/password/reset/key/[\w-]+/")
INBOX = LocalInbox()


@pytest.fixture
def attacker() -> Client:
    return Client()


@pytest.fixture
def victim() -> Client:
    return Client()


def later() -> time_machine.travel:
    """Two minutes on: an address gets one mail a minute."""
    return time_machine.travel(timezone.now() + dt.timedelta(minutes=2))


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def newest_link(pattern: re.Pattern[str] | None = None) -> str:
    mail = INBOX.mails_to(VICTIM)[-1]
    return mail.link(pattern) if pattern else mail.link()


def reset(client: Client, link: str, password: str) -> None:
    form = client.get(link).headers.get("Location", link)
    client.post(form, {"password1": password, "password2": password})


# 1. Classic-federated merge: an account with the attacker's password waits for the victim to join it.


def test_classic_federated_merge_there_is_no_account_to_merge_with(
    attacker: Client, victim: Client
) -> None:
    everything = {
        "email": VICTIM,
        "login": VICTIM,
        "first_name": "A",
        "last_name": "A",
        "password": ATTACKERS,
        "password1": ATTACKERS,
        "password2": ATTACKERS,
    }
    for path in ("/signup/", "/accounts/signup/", "/signup/resend/", "/accounts/login/"):
        attacker.post(path, everything)
    assert not User.objects.exists()
    ask(ClientVisitor(victim), VICTIM)
    finish(ClientVisitor(victim), newest_link())
    assert User.objects.get().first_name == "Robin"
    assert sign_in(ClientVisitor(attacker), VICTIM, ATTACKERS).status == 200
    assert not is_in(attacker)


def test_classic_federated_merge_no_second_account_joins_one_that_is_there(
    attacker: Client, victim: Client
) -> None:
    """Two links of one address: the second to be completed neither makes nor joins an account."""
    ask(ClientVisitor(attacker), VICTIM)
    with later():
        ask(ClientVisitor(victim), VICTIM)
        first, second = (mail.link() for mail in INBOX.mails_to(VICTIM)[:2])
    finish(ClientVisitor(victim), first)
    finish(ClientVisitor(attacker), second, password=ATTACKERS)
    assert User.objects.count() == 1
    assert not is_in(attacker)
    assert sign_in(ClientVisitor(Client()), VICTIM, ATTACKERS).status == 200


# 2. Unexpired session identifier: a session from before stays when the victim takes the account.


def test_unexpired_session_the_browser_that_asked_is_not_signed_in_by_the_victims_press(
    attacker: Client, victim: Client
) -> None:
    ask(ClientVisitor(attacker), VICTIM)
    attacker.get("/accounts/2fa/webauthn/login/", headers={"accept": "application/json"})
    planted = attacker.cookies[settings.SESSION_COOKIE_NAME].value
    # The attacker even gets the victim to use the session that they know.
    victim.cookies[settings.SESSION_COOKIE_NAME] = planted
    finish(ClientVisitor(victim), newest_link())
    assert is_in(victim)
    assert not is_in(attacker)
    assert victim.cookies[settings.SESSION_COOKIE_NAME].value != planted


def test_unexpired_session_who_held_the_mailbox_before_is_out_after_a_reset(
    attacker: Client, victim: Client
) -> None:
    sign_up(ClientVisitor(attacker), INBOX, VICTIM)
    assert is_in(attacker)
    victim.post(RESET, {"email": VICTIM})
    reset(victim, newest_link(RESET_LINK), NEW)
    assert not is_in(attacker)
    assert sign_in(ClientVisitor(attacker), VICTIM).status == 200
    assert sign_in(ClientVisitor(victim), VICTIM, NEW).location == "/welcome/"


# 3. Trojan identifier: a second way in, of the attacker's, hangs on the account from the beginning.


def test_trojan_identifier_nothing_can_be_hung_on_an_account_that_is_not_there(
    attacker: Client, victim: Client
) -> None:
    ask(ClientVisitor(attacker), VICTIM)
    for path in (
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/2fa/recovery-codes/generate/",
        "/accounts/email/",
        "/account/",
    ):
        attacker.get(path)
        attacker.post(path, {"email": ATTACKERS, "code": "000000", "credential": "{}"})
    finish(ClientVisitor(victim), newest_link())
    assert not Authenticator.objects.exists()
    assert [row.address for row in Address.objects.all()] == [VICTIM]


def test_trojan_identifier_a_secret_of_the_browsers_last_user_is_not_set_up_for_the_next(
    attacker: Client,
) -> None:
    """A shared computer: the attacker's session knows an app's secret when the victim signs up in it."""
    shared = attacker
    sign_in(ClientVisitor(shared), str(UserFactory.create().email))
    shared.post("/accounts/reauthenticate/", {"password": PASSWORD})
    shared.get("/accounts/2fa/totp/activate/")
    known = shared.session["mfa.totp.secret"]
    key = shared.cookies[settings.SESSION_COOKIE_NAME].value
    ask(ClientVisitor(shared), VICTIM)
    finish(ClientVisitor(shared), newest_link())
    assert "mfa.totp.secret" not in shared.session
    code = shown_code(secret=known)
    assert shared.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 200
    assert not Authenticator.objects.exists()
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = key
    assert not is_in(thief)


def test_trojan_identifier_a_passkey_opens_the_account_it_belongs_to_and_no_other(
    attacker: Client, victim: Client
) -> None:
    own = UserFactory.create()
    sign_in(ClientVisitor(attacker), str(own.email))
    attacker.post("/accounts/reauthenticate/", {"password": PASSWORD})
    passkey = Passkey(own)
    passkey.add(attacker)
    sign_up(ClientVisitor(victim), INBOX, VICTIM)
    passkey.user = User.objects.get(email=VICTIM)  # a forged user handle
    stranger = Client()
    passkey.sign_in(stranger)
    assert not is_in(stranger)


# 4. Unexpired email change: a link from before is pressed when the account is the victim's.


def test_unexpired_change_there_is_no_link_that_changes_an_address(
    attacker: Client, victim: Client
) -> None:
    own = UserFactory.create()
    sign_in(ClientVisitor(attacker), str(own.email))
    for action in ("action_add", "action_send", "action_primary"):
        attacker.post("/accounts/email/", {"email": VICTIM, action: ""})
    attacker.post("/account/", {"first_name": "A", "last_name": "A", "email": VICTIM})
    assert not EmailAddress.objects.exists()
    assert not MailLink.objects.exists()
    assert not Address.objects.filter(address=VICTIM).exists()
    sign_up(ClientVisitor(victim), INBOX, VICTIM)
    own.refresh_from_db()
    assert own.email != VICTIM


def test_unexpired_change_links_from_before_end_with_the_sign_up(
    attacker: Client, victim: Client
) -> None:
    """Somebody who held the mailbox kept a confirmation link."""
    ask(ClientVisitor(attacker), VICTIM)
    kept = newest_link()
    sign_up(ClientVisitor(victim), INBOX, VICTIM)
    assert finish(ClientVisitor(attacker), kept, password=ATTACKERS).status == 410
    assert not is_in(attacker)


@pytest.mark.parametrize("change", ["password", "reset", "sign-in"])
def test_unexpired_change_a_kept_reset_link_ends_with_the_next_change(
    attacker: Client, victim: Client, change: str
) -> None:
    sign_up(ClientVisitor(victim), INBOX, VICTIM)
    attacker.post(RESET, {"email": VICTIM})
    kept = newest_link(RESET_LINK)
    with later():
        if change == "password":
            fields = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
            victim.post("/accounts/password/change/", fields)
        elif change == "reset":
            reset(victim, kept, NEW)
        else:
            sign_in(ClientVisitor(Client()), VICTIM)
        reset(attacker, kept, ATTACKERS)
    assert sign_in(ClientVisitor(Client()), VICTIM, ATTACKERS).status == 200


# 5. Non-verifying identity provider: somebody says that the address is theirs, and is believed.


@pytest.mark.parametrize(
    "door",
    [
        "/signup/",
        "/signup/?email=victim@walkers.com",
        "/accounts/signup/",
        "/accounts/google/login/",
        "/accounts/social/signup/",
        "/accounts/confirm-email/x/",
        "/_allauth/browser/v1/auth/signup",
    ],
)
def test_non_verifying_provider_no_door_believes_an_address_that_nobody_proved(
    attacker: Client, door: str
) -> None:
    fields = {"email": VICTIM, "password1": ATTACKERS, "password2": ATTACKERS, "verified": "true"}
    attacker.get(door)
    attacker.post(door, fields)
    attacker.post(door, fields, content_type="application/json")
    assert not User.objects.exists()
    assert not is_in(attacker)


def test_non_verifying_provider_every_account_that_signed_up_proved_its_mailbox(
    victim: Client,
) -> None:
    sign_up(ClientVisitor(victim), INBOX, VICTIM)
    assert Address.objects.get(address=VICTIM).proven_at is not None


# And what all five come to: a recycled address.


def test_a_new_account_at_a_recycled_address_inherits_nothing(
    attacker: Client, victim: Client
) -> None:
    """The attacker had an account here, closed it, and kept everything that ever opened it."""
    sign_up(ClientVisitor(attacker), INBOX, VICTIM)
    old = User.objects.get()
    passkey = Passkey(old)
    passkey.add(attacker)
    attacker.post(RESET, {"email": VICTIM})
    link = newest_link(RESET_LINK)
    attacker.post("/accounts/reauthenticate/", {"password": PASSWORD})
    attacker.post("/account/close/", {"is_sure": "on"})
    old.refresh_from_db()
    assert old.state == User.State.CLOSED

    with later():
        sign_up(ClientVisitor(victim), INBOX, VICTIM)
    new = User.objects.get(email=VICTIM)
    assert new.pk != old.pk
    assert not Authenticator.objects.filter(user=new).exists()
    assert not is_in(attacker)
    reset(attacker, link, ATTACKERS)
    for password in (PASSWORD + "!", ATTACKERS):
        sign_in(ClientVisitor(attacker), VICTIM, password)
        assert not is_in(attacker)
    passkey.sign_in(attacker)
    assert not is_in(attacker)
    assert is_in(victim)
    assert "was not used for it before" not in str(INBOX.mails_to(VICTIM)[-1].text)
