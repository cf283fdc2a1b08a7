"""Every cell of the table that a sign-up is decided by: the page, and the one mail."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from outbox.models import OutboxMail
from signup.models import SignUp
from subscriptions.models import FREE_PLAN, AssignedLicence, Subscription
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.models import Address, Tenant, User
from tests.factories import SubscriptionFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.walk import ClientVisitor, ask, finish, sign_in

pytestmark = pytest.mark.django_db

CHECK_MAIL = "/signup/check-your-mail/"
FINISH = "Finish signing up for Information Protection"
HAS_ACCOUNT = "You already have an account for Information Protection"
ASK_ADMINISTRATOR = "Ask your administrator about Information Protection"
SIGN_IN = "Sign in to Information Protection"
NOBODY, ACTIVE, DISABLED, DELETED, CLOSED = "nobody", "active", "disabled", "deleted", "closed"
PEOPLE = (NOBODY, ACTIVE, DISABLED, DELETED, CLOSED)


@pytest.fixture
def visitor(client: Client) -> ClientVisitor:
    return ClientVisitor(client)


def person(tenant: Tenant, state: str) -> str:
    """The address of somebody in `state`, who is known at the tenant's domain or not."""
    address = f"anna@{tenant.name}"
    if state == NOBODY:
        return address
    user = UserFactory.create(tenant=tenant, email=address)
    if state == CLOSED:
        Address.objects.filter(user=user).delete()
        user.email = None
    user.state = state
    user.save()
    return address


def give_free_unit(address: str) -> None:
    user = User.objects.get(email=address)
    assert user.tenant
    subscription = ensure_free_subscription(tenant=user.tenant, acting_user=None)
    assign_unit(subscription=subscription, user=user, acting_user=None)


def subjects(address: str) -> list[str]:
    return [mail.subject for mail in LocalInbox().mails_to(address)]


def test_an_organisation_that_is_not_here_yet(visitor: ClientVisitor) -> None:
    answer = ask(visitor, "anna@newcomer.com")
    assert (answer.status, answer.location) == (302, CHECK_MAIL)
    assert subjects("anna@newcomer.com") == [FINISH]
    assert not Tenant.objects.exists()


@pytest.mark.parametrize(
    ("state", "subject"),
    [
        (NOBODY, FINISH),
        (ACTIVE, HAS_ACCOUNT),
        (DISABLED, ASK_ADMINISTRATOR),
        (DELETED, ASK_ADMINISTRATOR),
        (CLOSED, FINISH),
    ],
)
def test_the_free_plan(visitor: ClientVisitor, state: str, subject: str) -> None:
    tenant = TenantFactory.create()
    ensure_free_subscription(tenant=tenant, acting_user=None)
    address = person(tenant, state)
    answer = ask(visitor, address)
    assert (answer.status, answer.location) == (302, CHECK_MAIL)
    assert subjects(address) == [subject]


@pytest.mark.parametrize("dates", ["trial", "active", "grace"])
@pytest.mark.parametrize(
    ("state", "switches", "subject"),
    [
        (ACTIVE, (True, True), SIGN_IN),
        (ACTIVE, (False, False), SIGN_IN),
        (NOBODY, (True, True), FINISH),
        (CLOSED, (True, True), FINISH),
        (NOBODY, (False, True), ASK_ADMINISTRATOR),
        (NOBODY, (True, False), ASK_ADMINISTRATOR),
        (NOBODY, (False, False), ASK_ADMINISTRATOR),
        (CLOSED, (True, False), ASK_ADMINISTRATOR),
        (DISABLED, (True, True), ASK_ADMINISTRATOR),
        (DELETED, (True, True), ASK_ADMINISTRATOR),
    ],
)
def test_a_paid_plan(
    visitor: ClientVisitor, dates: str, state: str, switches: tuple[bool, bool], subject: str
) -> None:
    now = timezone.now()
    ends = {
        "trial": {"trial_ends_at": now + dt.timedelta(days=3)},
        "active": {"ends_at": now + dt.timedelta(days=3)},
        "grace": {"ends_at": now - dt.timedelta(days=3)},
    }[dates]
    tenant = TenantFactory.create(
        allow_ad_hoc_subscriptions=switches[0], allow_email_verified_users=switches[1]
    )
    SubscriptionFactory.create(tenant=tenant, started_at=now - dt.timedelta(days=40), **ends)
    address = person(tenant, state)
    answer = ask(visitor, address)
    assert answer.status == 302
    assert answer.location.startswith("/accounts/login/?")
    assert subjects(address) == [subject]


@pytest.mark.parametrize("ended", ["suspended", "cancelled"])
def test_a_paid_plan_that_has_ended_is_the_free_plan(visitor: ClientVisitor, ended: str) -> None:
    now = timezone.now()
    long_ago = now - dt.timedelta(days=90)
    ends = {
        "suspended": {"ends_at": now - dt.timedelta(days=31)},
        "cancelled": {"cancelled_at": now},
    }
    tenant = TenantFactory.create()
    SubscriptionFactory.create(tenant=tenant, started_at=long_ago, **ends[ended])
    assert ask(visitor, person(tenant, NOBODY)).location == CHECK_MAIL


@pytest.mark.parametrize("state", PEOPLE)
@pytest.mark.parametrize("new_accounts", [True, False])
def test_sign_up_switched_off(visitor: ClientVisitor, state: str, new_accounts: bool) -> None:
    tenant = TenantFactory.create(
        allow_ad_hoc_subscriptions=False, allow_email_verified_users=new_accounts
    )
    address = person(tenant, state)
    answer = ask(visitor, address)
    assert answer.status == 200
    assert f"{tenant.name}" in answer.text
    assert "does not let people sign up" in answer.text
    assert not OutboxMail.objects.exists()
    assert not SignUp.objects.exists()


@pytest.mark.parametrize(
    ("state", "has_plan", "subject"),
    [
        (NOBODY, False, ASK_ADMINISTRATOR),
        (CLOSED, False, ASK_ADMINISTRATOR),
        (DISABLED, False, ASK_ADMINISTRATOR),
        (DELETED, False, ASK_ADMINISTRATOR),
        (ACTIVE, True, HAS_ACCOUNT),
        (ACTIVE, False, FINISH),
    ],
)
def test_new_accounts_switched_off(
    visitor: ClientVisitor, state: str, has_plan: bool, subject: str
) -> None:
    tenant = TenantFactory.create(allow_email_verified_users=False)
    address = person(tenant, state)
    if has_plan:
        give_free_unit(address)
    answer = ask(visitor, address)
    assert (answer.status, answer.location) == (302, CHECK_MAIL)
    assert subjects(address) == [subject]


def test_the_link_that_only_adds_the_plan_asks_to_sign_in_and_makes_no_account(
    visitor: ClientVisitor,
) -> None:
    tenant = TenantFactory.create(allow_email_verified_users=False)
    address = person(tenant, ACTIVE)
    ask(visitor, address)
    link = LocalInbox().mails_to(address)[-1].link()
    assert "password1" not in visitor.get(link).text
    pressed = visitor.post(link, {})
    assert pressed.location.startswith("/accounts/login/")
    assert not AssignedLicence.objects.exists()
    sign_in(visitor, address)
    unit = AssignedLicence.objects.get()
    assert (unit.user.email, unit.subscription.plan_id) == (address, FREE_PLAN)
    assert User.objects.count() == 1


def test_a_unit_of_a_paid_plan_is_assigned_after_signing_in_not_on_a_typed_address(
    visitor: ClientVisitor,
) -> None:
    tenant = TenantFactory.create()
    subscription: Subscription = SubscriptionFactory.create(tenant=tenant)
    address = person(tenant, ACTIVE)
    ask(visitor, address)
    assert not AssignedLicence.objects.exists()
    sign_in(visitor, address)
    assert AssignedLicence.objects.get().subscription == subscription


def test_nobody_is_turned_away_when_no_unit_is_left(visitor: ClientVisitor) -> None:
    tenant = TenantFactory.create()
    SubscriptionFactory.create(tenant=tenant, units=1)
    first, second = (UserFactory.create(tenant=tenant) for _ in range(2))
    for user in (first, second):
        sign_in(visitor, str(user.email))
        visitor.post("/accounts/logout/", {})
    assert AssignedLicence.objects.get().user == first
    assert sign_in(visitor, str(second.email)).location == "/welcome/"


def test_a_newcomer_of_a_paid_organisation_gets_an_account_the_free_unit_and_a_paid_one(
    visitor: ClientVisitor,
) -> None:
    tenant = TenantFactory.create()
    SubscriptionFactory.create(tenant=tenant)
    address = person(tenant, NOBODY)
    ask(visitor, address)
    finish(visitor, LocalInbox().mails_to(address)[-1].link())
    units = AssignedLicence.objects.values_list("subscription__plan_id", flat=True)
    assert sorted(units) == ["ENTERPRISEPACK", FREE_PLAN]


def test_who_is_signed_in_already_goes_straight_through(visitor: ClientVisitor) -> None:
    tenant = TenantFactory.create()
    SubscriptionFactory.create(tenant=tenant)
    address = person(tenant, ACTIVE)
    sign_in(visitor, address)
    answer = ask(visitor, address, "?ru=/protect/")
    assert visitor.get(answer.location).location == "/protect/"
