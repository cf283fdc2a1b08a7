"""Links in mail, used for what they are not for: another purpose, another account, another time, another browser."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator

import pytest
import time_machine

from signup.models import MailPause, SignUp
from subscriptions.models import AssignedLicence
from tenants.flows import states
from tenants.models import Address, Domain, Tenant, User
from tests.factories import TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.strangers import stranger
from tests.tables import changed, everything
from tests.test_commands import run
from tests.test_invitations import INVITATION
from tests.test_leavers import LINK as MAILBOX
from tests.test_throttle import NEW, RESET, RESET_LINK
from tests.walk import CONFIRM_LINK, NOT_ME_LINK, PASSWORD, ClientVisitor, ask, finish, sign_in

pytestmark = pytest.mark.django_db
INBOX = LocalInbox()
START = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
NEW_ADDRESS = re.compile(r"https?://\S+/accounts/address/[\w-]{43}/")
CODE = re.compile(r"[\w-]{43}")
# What stays of any visit: a session without anybody in it.
OF_NOBODY = {"django_session"}
DOORS = (
    *("/signup/confirm/{}/", "/signup/renew/{}/", "/signup/not-me/{}/"),
    *("/signup/invitation/{}/", "/signup/invitation/{}/renew/"),
    *("/accounts/mailbox/{}/", "/accounts/mailbox/{}/renew/", "/accounts/password/reset/key/1-{}/"),
    "/accounts/address/{}/",
)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(START, tick=False) as clock:
        yield clock


def browser() -> ClientVisitor:
    return ClientVisitor(stranger())


def is_in(visitor: ClientVisitor) -> bool:
    return visitor.get("/account/").status == 200


@pytest.fixture
def tenant() -> Tenant:
    made = TenantFactory.create(name="walkers.com")
    Domain.objects.update(state=Domain.State.VERIFIED)
    return made


def newest(address: str, pattern: re.Pattern[str]) -> str:
    return [mail for mail in INBOX.mails_to(address) if pattern.search(mail.text)][-1].link(pattern)


def confirmation(tenant: Tenant, pattern: re.Pattern[str] = CONFIRM_LINK) -> tuple[str, str]:
    ask(browser(), "newcomer@walkers.com")
    return "newcomer@walkers.com", newest("newcomer@walkers.com", pattern)


def not_me(tenant: Tenant) -> tuple[str, str]:
    return confirmation(tenant, NOT_ME_LINK)


def plan(tenant: Tenant) -> tuple[str, str]:
    Tenant.objects.update(allow_email_verified_users=False)
    address = str(UserFactory.create(tenant=tenant).email)
    ask(browser(), address)
    return address, newest(address, CONFIRM_LINK)


def invitation(tenant: Tenant) -> tuple[str, str]:
    run("create_user", "invited@walkers.com")
    return "invited@walkers.com", newest("invited@walkers.com", INVITATION)


def mailbox(tenant: Tenant) -> tuple[str, str]:
    address = str(UserFactory.create(tenant=tenant).email)
    visitor = browser()
    sign_in(visitor, address)
    visitor.post("/accounts/mailbox/", {})
    return address, newest(address, MAILBOX)


def new_address(tenant: Tenant) -> tuple[str, str]:
    address = str(UserFactory.create(tenant=tenant).email)
    visitor = browser()
    sign_in(visitor, address)
    visitor.post("/account/addresses/", {"email": "another@walkers.com"})
    return address, newest("another@walkers.com", NEW_ADDRESS)


def reset(tenant: Tenant) -> tuple[str, str]:
    address = str(UserFactory.create(tenant=tenant).email)
    browser().post(RESET, {"email": address})
    return address, newest(address, RESET_LINK)


Kind = Callable[[Tenant], tuple[str, str]]
KINDS: tuple[Kind, ...] = (confirmation, not_me, plan, invitation, mailbox, new_address)
OWN_DOORS: dict[Kind, tuple[str, ...]] = {
    confirmation: DOORS[:2],
    not_me: DOORS[2:3],
    plan: DOORS[:2],
    invitation: DOORS[3:5],
    mailbox: DOORS[5:7],
    new_address: DOORS[8:],
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_opens_no_door_but_its_own(tenant: Tenant, kind: Kind) -> None:
    _, link = kind(tenant)
    token = CODE.findall(link)[-1]
    names = {"first_name": "A", "last_name": "B", "is_sure": "on"}
    fields = {**names, "password1": NEW, "password2": NEW}
    before = everything()
    for door in set(DOORS) - set(OWN_DOORS[kind]):
        visitor = browser()
        for page in (visitor.get(door.format(token)), visitor.post(door.format(token), fields)):
            assert page.status in {200, 302, 404, 405, 410}, door
        assert not is_in(visitor), door
        assert changed(before, everything()) <= OF_NOBODY, door


def press(visitor: ClientVisitor, link: str) -> None:
    """Everything that the holder of a link can do with it, and then signing in."""
    finish(visitor, link, password=NEW)
    form = visitor.get(link).location or link
    visitor.post(form, {"password1": NEW, "password2": NEW})


def facts() -> list[object]:
    """What a link could have changed."""
    return [
        sorted(map(str, User.objects.values_list("id", "password", "state", "first_name"))),
        sorted(map(str, Address.objects.values_list("address", "proven_at", "user_id"))),
        sorted(map(str, AssignedLicence.objects.values_list("id", "user_id"))),
    ]


@pytest.mark.parametrize("change", ["disable", "delete", "close"])
@pytest.mark.parametrize("kind", [plan, invitation, mailbox, new_address, reset])
def test_a_link_is_worth_nothing_once_its_account_is_shut(
    tenant: Tenant, kind: Kind, change: str
) -> None:
    address, link = kind(tenant)
    user = User.objects.get(email=address)
    pressed_before = browser()
    pressed_before.get(link)
    getattr(states, change)(user=user, acting_user=user if change == "close" else None)
    before = facts()
    for visitor in (browser(), pressed_before):
        press(visitor, link)
        sign_in(visitor, address, NEW)
        sign_in(visitor, address)
        assert not is_in(visitor)
    assert facts() == before


@pytest.mark.parametrize("kind", [plan, mailbox, new_address, reset])
def test_a_press_before_its_account_was_shut_counts_for_nobody_after(
    tenant: Tenant, kind: Kind, clock: time_machine.Traveller
) -> None:
    """The button is pressed, the account closed, and the address belongs to somebody new, who signs in there."""
    address, link = kind(tenant)
    user = User.objects.get(email=address)
    visitor = browser()
    visitor.post(visitor.get(link).location or link, {})
    states.close(user=user, acting_user=user)
    clock.shift(60)
    UserFactory.create(tenant=tenant, email=address)
    before = facts()
    press(visitor, link)
    sign_in(visitor, address)
    assert is_in(visitor)
    assert facts() == before


@pytest.mark.parametrize("change", ["restored", "signed out everywhere"])
def test_a_link_to_a_new_password_ends_with_all_sessions(tenant: Tenant, change: str) -> None:
    address, link = reset(tenant)
    user = User.objects.get(email=address)
    if change == "restored":
        states.disable(user=user, acting_user=None)
        states.restore(user=user, acting_user=None)
    else:
        owner = browser()
        sign_in(owner, address)
        owner.post("/accounts/sessions/end-all/", {})
        User.objects.update(last_login=None)
    before = facts()
    press(browser(), link)
    assert facts() == before


def test_a_link_to_a_new_password_is_for_its_account_alone(tenant: Tenant) -> None:
    _, own = reset(tenant)
    _, other = reset(tenant)
    mine, theirs = (link.rstrip("/").rpartition("/")[2].split("-", 1) for link in (own, other))
    before = facts()
    press(browser(), f"/accounts/password/reset/key/{theirs[0]}-{mine[1]}/")
    assert facts() == before


@pytest.mark.parametrize("kind", [confirmation, invitation])
def test_whoever_planted_the_browsers_session_is_not_in_it_afterwards(
    tenant: Tenant, kind: Kind, settings: object
) -> None:
    """Session fixation: the key was known to somebody else before."""
    attacker, victim = stranger(), stranger()
    attacker.post(plan_of_their_own(tenant), {})
    planted = attacker.cookies["session"].value
    _, link = kind(tenant)
    victim.cookies["session"] = planted
    assert finish(ClientVisitor(victim), link).location == "/welcome/"
    assert victim.cookies["session"].value != planted
    attacker.cookies["session"] = planted
    assert not is_in(ClientVisitor(attacker))
    assert is_in(ClientVisitor(victim))


def plan_of_their_own(tenant: Tenant) -> str:
    """A link whose press leaves a note in a session of nobody."""
    _, link = plan(tenant)
    Tenant.objects.update(allow_email_verified_users=True)
    return link


def test_pressing_twice_takes_a_plan_once(tenant: Tenant) -> None:
    address, link = plan(tenant)
    visitor = browser()
    sign_in(visitor, address)
    assert visitor.post(link, {}).location == "/welcome/"
    assert visitor.post(link, {}).status == 410
    assert AssignedLicence.objects.count() == 1


def test_whoever_signs_in_as_somebody_else_gets_nothing_of_a_press(tenant: Tenant) -> None:
    _, link = plan(tenant)
    other = str(UserFactory.create(tenant=tenant).email)
    visitor = browser()
    visitor.post(link, {})
    sign_in(visitor, other)
    assert is_in(visitor)
    assert not AssignedLicence.objects.exists()


def test_not_me_of_a_request_that_was_completed_takes_nothing_back(tenant: Tenant) -> None:
    address, link = confirmation(tenant)
    again = newest(address, NOT_ME_LINK)
    finish(browser(), link)
    before = facts()
    browser().post(again, {})
    assert facts() == before
    assert SignUp.objects.get().state == SignUp.State.COMPLETED
    visitor = browser()
    assert sign_in(visitor, address, PASSWORD).location == "/welcome/"


def test_the_first_link_that_is_used_ends_all_others_of_its_address(
    tenant: Tenant, clock: time_machine.Traveller
) -> None:
    """Also those of requests that *This was not me* ended, after the account was closed."""
    address, first = confirmation(tenant)
    browser().post(newest(address, NOT_ME_LINK), {})
    MailPause.objects.all().delete()
    clock.shift(60)
    _, second = confirmation(tenant)
    owner = browser()
    assert finish(owner, second).location == "/welcome/"
    user = User.objects.get()
    states.close(user=user, acting_user=user)
    assert finish(browser(), first).status == 410
    assert not User.objects.filter(email=address).exists()
