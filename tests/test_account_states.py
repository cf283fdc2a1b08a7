"""Disabling, deleting, restoring and closing accounts: what each does, to whom, and who may."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from subscriptions.models import AssignedLicence
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.access import Power, may, may_create_in
from tenants.exceptions import DirectoryError, NotAllowed
from tenants.flows import states
from tenants.models import Address, Domain, Tenant, User
from tests.factories import OperatorFactory, SubscriptionFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.staff import sign_in_fresh
from tests.test_commands import refusal, run
from tests.walk import ClientVisitor, sign_in, sign_up

pytestmark = pytest.mark.django_db
State = User.State
CHANGES = {"disable": State.DISABLED, "delete": State.DELETED, "close": State.CLOSED}


@pytest.fixture
def managed() -> Tenant:
    return TenantFactory.create(state=Tenant.State.MANAGED)


def is_in(client: Client) -> bool:
    return client.get("/account/").status_code == 200


def signed_in(user: User) -> Client:
    client = Client()
    sign_in(ClientVisitor(client), str(user.email))
    assert is_in(client)
    return client


def administrator(tenant: Tenant) -> User:
    return UserFactory.create(tenant=tenant, role=User.Role.ADMINISTRATOR)


# Commands and what they change.


@pytest.mark.parametrize("verb", ["disable", "delete"])
def test_a_command_shuts_an_account_and_another_restores_it(verb: str) -> None:
    user = UserFactory.create()
    command = f"{verb}_user"
    assert run(command, str(user.email), "--dry-run")["state"] == CHANGES[verb]
    user.refresh_from_db()
    assert user.is_active
    answer = run(command, str(user.email))
    assert (answer["id"], answer["state"]) == (str(user.id), CHANGES[verb])
    sign_in(ClientVisitor(client := Client()), str(user.email))
    assert not is_in(client)
    refusal(command, str(user.email))
    assert run("restore_user", str(user.email))["state"] == "active"
    assert "cannot be restored" in refusal("restore_user", str(user.email))
    signed_in(user)
    actions = AuditEvent.objects.filter(subject=f"user:{user.id}").values_list("action", flat=True)
    assert {f"user.{CHANGES[verb]}", "user.restored"} <= set(actions)


def test_a_closed_account_frees_its_address_and_tells_it_by_mail() -> None:
    user = UserFactory.create()
    address = str(user.email)
    answer = run("close_account", address)
    assert (answer["state"], answer["email"]) == ("closed", None)
    assert "No account has the address" in refusal("restore_user", address)
    assert [mail.subject for mail in LocalInbox().mails_to(address)] == [
        "Your account at Information Protection is closed"
    ]
    sign_up(ClientVisitor(client := Client()), LocalInbox(), address)
    assert is_in(client)
    assert User.objects.get(email=address).pk != user.pk
    user.refresh_from_db()
    assert (user.first_name, user.has_usable_password()) == ("", False)


@pytest.mark.parametrize("verb", ["disable", "delete"])
def test_what_is_shut_cannot_be_closed_so_that_its_address_stays_reserved(verb: str) -> None:
    user = UserFactory.create()
    run(f"{verb}_user", str(user.email))
    assert "is not active" in refusal("close_account", str(user.email))


def test_a_deleted_account_is_restored_within_30_days_and_not_later() -> None:
    soon, late = UserFactory.create(), UserFactory.create()
    for user in (soon, late):
        run("delete_user", str(user.email))
    with time_machine.travel(timezone.now() + dt.timedelta(days=29, hours=23)):
        run("restore_user", str(soon.email))
    with time_machine.travel(timezone.now() + dt.timedelta(days=30, minutes=1)):
        assert "30 days ago" in refusal("restore_user", str(late.email))


def test_a_disabled_account_can_be_deleted_and_a_deleted_one_not_disabled() -> None:
    user = UserFactory.create()
    run("disable_user", str(user.email))
    run("delete_user", str(user.email))
    assert "is not active" in refusal("disable_user", str(user.email))
    assert "deleted or closed already" in refusal("delete_user", str(user.email))


# Out at once, and for good.


@pytest.mark.parametrize("verb", CHANGES)
def test_sessions_and_known_browsers_die_at_once_and_do_not_come_back(verb: str) -> None:
    user = UserFactory.create()
    client = signed_in(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    getattr(states, verb)(user=user, acting_user=None)
    assert not client.session.exists(cookie)
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert not is_in(client)
    User.objects.filter(pk=user.pk).update(state=State.ACTIVE, held_at=None, email=user.email)
    client.cookies[settings.SESSION_COOKIE_NAME] = cookie
    assert not is_in(client)


@pytest.mark.parametrize(("verb", "kept"), [("disable", 2), ("delete", 1), ("close", 1)])
def test_units_that_were_bought_go_back_to_the_organisation(verb: str, kept: int) -> None:
    tenant = TenantFactory.create()
    user = UserFactory.create(tenant=tenant)
    bought = SubscriptionFactory.create(tenant=tenant, units=1)
    free = ensure_free_subscription(tenant=tenant, acting_user=None)
    for subscription in (bought, free):
        assign_unit(subscription=subscription, user=user, acting_user=None)
    getattr(states, verb)(user=user, acting_user=None)
    assert AssignedLicence.objects.filter(user=user).count() == kept


# The last ones.


@pytest.mark.parametrize("verb", CHANGES)
def test_the_last_active_administrator_stays(managed: Tenant, verb: str) -> None:
    one, other = administrator(managed), administrator(managed)
    UserFactory.create(tenant=managed)
    administrator(TenantFactory.create(state=Tenant.State.MANAGED))
    command = "close_account" if verb == "close" else f"{verb}_user"
    run(command, str(one.email))
    assert "last active administrator" in refusal(command, str(other.email))
    other.refresh_from_db()
    assert other.is_active


@pytest.mark.parametrize("verb", CHANGES)
def test_the_last_operator_stays(verb: str) -> None:
    one, other = OperatorFactory.create_batch(2)
    command = "close_account" if verb == "close" else f"{verb}_user"
    run(command, str(one.email))
    assert "last active operator" in refusal(command, str(other.email))


# Who may.

ACTORS = ("system", "operator", "administrator", "member", "self", "outsider", "disabled")


def actor(kind: str, user: User) -> User | None:
    assert user.tenant
    match kind:
        case "system":
            return None
        case "operator":
            return OperatorFactory.create()
        case "administrator":
            return administrator(user.tenant)
        case "member":
            return UserFactory.create(tenant=user.tenant)
        case "outsider":
            return administrator(TenantFactory.create(state=Tenant.State.MANAGED))
        case "disabled":
            shut = administrator(user.tenant)
            shut.state = State.DISABLED
            return shut
        case _:
            return user


ALLOWED = {
    Power.DISABLE: {"system", "operator", "administrator"},
    Power.DELETE: {"system", "operator", "administrator"},
    Power.RESTORE: {"system", "operator", "administrator"},
    Power.RELEASE: {"system", "operator", "administrator"},
    Power.CLOSE: {"system", "operator", "self"},
    Power.EXPORT: {"system", "operator", "self"},
    Power.END_SESSIONS: {"system", "operator", "administrator", "self"},
    Power.RESET_FACTORS: {"system", "operator", "administrator"},
    Power.ADMIT: {"system", "operator", "administrator"},
    Power.MAKE_ADMINISTRATOR: {"system", "operator", "administrator"},
    Power.MAKE_MEMBER: {"system", "operator", "administrator"},
    Power.ADD_ADDRESS: {"system", "operator", "administrator"},
    Power.CHOOSE_ADDRESS: {"system", "operator", "administrator", "self"},
}


@pytest.mark.parametrize("power", Power)
@pytest.mark.parametrize("kind", ACTORS)
def test_who_may_do_what_to_an_account(managed: Tenant, power: Power, kind: str) -> None:
    user = UserFactory.create(tenant=managed)
    assert may(actor(kind, user), power, user) is (kind in ALLOWED[power])


@pytest.mark.parametrize("kind", ACTORS)
def test_who_may_make_accounts(managed: Tenant, kind: str) -> None:
    user = UserFactory.create(tenant=managed)
    assert may_create_in(actor(kind, user), managed) is (
        kind in {"system", "operator", "administrator"}
    )


def test_nobody_administers_an_organisation_that_is_not_managed() -> None:
    tenant = TenantFactory.create()
    user = UserFactory.create(tenant=tenant)
    assert not may(administrator(tenant), Power.DISABLE, user)


@pytest.mark.parametrize("power", Power)
def test_an_administrator_reaches_no_operator(managed: Tenant, power: Power) -> None:
    assert not may(administrator(managed), power, OperatorFactory.create())


@pytest.mark.parametrize("verb", [*CHANGES, "restore"])
def test_what_is_not_allowed_is_refused_and_changes_nothing(managed: Tenant, verb: str) -> None:
    user, colleague = UserFactory.create_batch(2, tenant=managed)
    with pytest.raises(NotAllowed):
        getattr(states, verb)(user=user, acting_user=colleague)
    user.refresh_from_db()
    assert user.is_active
    assert not AuditEvent.objects.exists()


# In the admin.


def test_operators_disable_delete_and_restore_in_the_list_row_by_row(client: Client) -> None:
    operator = OperatorFactory.create()
    sign_in_fresh(client, operator)
    one, two = UserFactory.create_batch(2)
    page = reverse("admin:tenants_user_changelist")
    states_seen = []
    for action in ("disable", "delete_for_now", "restore"):
        selected = {"action": action, "_selected_action": [one.pk, two.pk, operator.pk]}
        shown = client.post(page, selected, follow=True).content.decode()
        assert "2 accounts were changed." in shown
        states_seen.append(User.objects.get(pk=one.pk).state)
    assert states_seen == ["disabled", "deleted", "active"]
    events = AuditEvent.objects.filter(subject=f"user:{one.id}")
    assert {event.actor_id for event in events} == {operator.id}
    assert is_in(client)


# With a domain.


def test_blocking_a_domain_can_disable_who_is_there_but_the_last_administrator(
    managed: Tenant,
) -> None:
    boss, member = administrator(managed), UserFactory.create(tenant=managed)
    below = Domain.objects.create(name=f"lab.{managed.name}", tenant=managed)
    scientist = UserFactory.create(tenant=managed, email=f"s@{below.name}")
    alike = UserFactory.create(tenant=TenantFactory.create(name=f"not{managed.name}"))
    dry = run("block_domain", managed.name, "--disable-accounts", "--dry-run")
    assert (dry["disabled"], User.objects.filter(state=State.DISABLED).count()) == (2, 0)
    answer = run("block_domain", managed.name, "--disable-accounts")
    assert (answer["disabled"], answer["left"]) == (2, [boss.email])
    by_state = {user.pk: user.state for user in User.objects.all()}
    assert [by_state[user.pk] for user in (boss, member, scientist, alike)] == [
        "active",
        "disabled",
        "disabled",
        "active",
    ]


def test_restored_accounts_are_as_they_were() -> None:
    user = UserFactory.create()
    before = User.objects.filter(pk=user.pk).values("email", "first_name", "password").get()
    states.delete(user=user, acting_user=None)
    states.restore(user=user, acting_user=None)
    assert User.objects.filter(pk=user.pk).values("email", "first_name", "password").get() == before
    assert Address.objects.filter(user=user, address=user.email).exists()
    assert signed_in(user).get("/welcome/").status_code == 200


def test_a_second_try_is_told_apart_from_the_first() -> None:
    user = UserFactory.create()
    states.disable(user=user, acting_user=None)
    with pytest.raises(DirectoryError):
        states.disable(user=user, acting_user=None)
    assert AuditEvent.objects.filter(action="user.disabled").count() == 1
