"""What an operator switched off, an operator alone switches on, whatever its organisation tries."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import AuditEvent
from signup.flows.import_users import Result, import_users
from signup.flows.invite import invite
from tenants import addresses
from tenants.access import Power, may
from tenants.exceptions import AddressTaken, HeldByOperator
from tenants.flows import addresses as account_addresses
from tenants.flows import block, erase, give_back, states
from tenants.models import Domain, Tenant, User
from tests.domain_portal import page, taken_over
from tests.factories import OperatorFactory, UserFactory
from tests.german import one_line
from tests.outbox import LocalInbox
from tests.staff import administrator, sign_in_fresh
from tests.takeovers import proven
from tests.test_commands import run
from tests.walk import ClientVisitor, ask

pytestmark = pytest.mark.django_db
State = User.State
USERS = reverse("admin:tenants_user_changelist")


@pytest.fixture
def chief() -> User:
    """Administers an organisation that has proven its domain."""
    user = administrator()
    Domain.objects.filter(tenant=user.tenant).update(state=Domain.State.VERIFIED)
    return user


@pytest.fixture
def member(chief: User) -> User:
    user: User = UserFactory.create(tenant=chief.tenant)
    return user


def now(user: User) -> User:
    return User.objects.get(pk=user.pk)


def switched_off(user: User) -> User:
    states.disable(user=user, acting_user=OperatorFactory.create())
    return now(user)


WAYS = {
    "disabled": lambda user, who: states.disable(user=user, acting_user=who),
    "deleted": lambda user, who: states.delete(user=user, acting_user=who),
}


@pytest.mark.parametrize("way", WAYS)
def test_its_administrator_restores_what_the_organisation_switched_off(
    chief: User, member: User, way: str
) -> None:
    WAYS[way](member, chief)
    states.restore(user=now(member), acting_user=chief)
    assert now(member).is_active


@pytest.mark.parametrize("way", WAYS)
def test_nobody_but_an_operator_restores_what_an_operator_switched_off(
    chief: User, member: User, way: str
) -> None:
    operator = OperatorFactory.create()
    WAYS[way](member, operator)
    with pytest.raises(HeldByOperator):
        states.restore(user=now(member), acting_user=chief)
    assert now(member).state == way
    states.restore(user=now(member), acting_user=operator)
    assert (now(member).is_active, now(member).held_at) == (True, None)


def test_a_page_that_is_older_than_the_operators_press_restores_nothing(
    chief: User, member: User
) -> None:
    states.disable(user=member, acting_user=chief)
    as_it_was = now(member)
    states.disable(user=now(member), acting_user=OperatorFactory.create())
    with pytest.raises(HeldByOperator):
        states.restore(user=as_it_was, acting_user=chief)
    assert now(member).state == State.DISABLED


def test_deleting_and_releasing_is_no_way_around(chief: User, member: User) -> None:
    user = switched_off(member)
    states.delete(user=user, acting_user=chief)
    for attempt in (states.restore, erase.release):
        with pytest.raises(HeldByOperator):
            attempt(user=now(user), acting_user=chief)
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        assert erase.erase_due() == 1
        with pytest.raises(HeldByOperator):
            erase.release(user=now(user), acting_user=chief)
        assert taken(chief, str(member.email))
        erase.release(user=now(user), acting_user=OperatorFactory.create())
        assert not taken(chief, str(member.email))


def taken(chief: User, address: str) -> bool:
    """Whether inviting and importing find the address taken."""
    (row,) = import_users(
        tenant=chief.tenant,  # type: ignore[arg-type]
        lines=["email\n", f"{address}\n"],
        acting_user=chief,
        dry_run=True,
    )
    try:
        typed = addresses.parse(address)
        invite(address=typed, first_name="", last_name="", language="en", acting_user=chief)
    except AddressTaken:
        assert row.result == Result.EXISTS
        return True
    assert row.result == Result.CREATED
    return False


def test_its_addresses_go_to_nobody_else(chief: User, member: User) -> None:
    alias = addresses.parse(f"alias@{chief.tenant}")
    account_addresses.add_alias(user=member, address=alias, acting_user=chief)
    user = switched_off(member)
    new = addresses.parse(f"new@{chief.tenant}")
    who = {"user": user, "acting_user": chief}
    for attempt in (
        lambda: account_addresses.remove_alias(**who, address=alias),
        lambda: account_addresses.make_primary(**who, address=alias),
        lambda: account_addresses.change_address(**who, address=new, keep_old=False),
        lambda: account_addresses.add_alias(**who, address=new),
    ):
        with pytest.raises(HeldByOperator):
            attempt()
    assert taken(chief, str(member.email))
    assert taken(chief, str(alias))


def test_blocking_a_domain_holds_whom_its_organisation_had_shut_as_well(chief: User) -> None:
    domain = str(chief.tenant)
    active, disabled, deleted = UserFactory.create_batch(3, tenant=chief.tenant)
    states.disable(user=disabled, acting_user=chief)
    states.delete(user=deleted, acting_user=chief)
    answer = run("block_domain", domain, "--disable-accounts")
    assert (answer["disabled"], answer["left"]) == (1, [chief.email])
    for user in (active, disabled, deleted):
        with pytest.raises(HeldByOperator):
            states.restore(user=now(user), acting_user=chief)
    assert [now(user).state for user in (disabled, deleted)] == ["disabled", "deleted"]
    run("unblock_domain", domain)
    with pytest.raises(HeldByOperator):
        states.restore(user=now(active), acting_user=chief)
    assert run("restore_user", str(active.email))["held_at"] is None
    held = AuditEvent.objects.filter(action="user.held").values_list("subject", flat=True)
    assert set(held) == {f"user:{user.pk}" for user in (disabled, deleted)}


def test_blocking_twice_says_nothing_twice(member: User) -> None:
    for _ in range(2):
        block.disable_accounts(domain_name=str(member.tenant), acting_user=None)
    assert AuditEvent.objects.filter(action="user.disabled").count() == 1
    assert not AuditEvent.objects.filter(action="user.held").exists()


def test_an_operator_who_acts_for_the_organisation_switches_off_as_it_does(
    client: Client, chief: User, member: User
) -> None:
    operator = OperatorFactory.create()
    sign_in_fresh(client, operator)
    acting = reverse("admin:tenants_tenant_act", args=(chief.tenant_id,))
    client.post(acting, {"administrator": chief.pk, "reason": "They asked us by telephone."})
    client.post(USERS, {"action": "disable", "_selected_action": member.pk})
    assert (now(member).state, now(member).held_at) == (State.DISABLED, None)
    other = switched_off(UserFactory.create(tenant=chief.tenant))
    said = client.post(
        USERS, {"action": "restore", "_selected_action": other.pk}, follow=True
    ).content.decode()
    assert "operators alone restore it" in said
    assert now(other).state == State.DISABLED


def test_a_takeover_and_its_undoing_leave_it_switched_off(
    portal: Client, boss: User, firm: Tenant, sent: list[tuple[str, ...]]
) -> None:
    user = switched_off(firm.users.all()[0])
    proven(boss, "firm.com")
    taken_over(portal)
    assert now(user).tenant == boss.tenant
    with pytest.raises(HeldByOperator):
        states.restore(user=now(user), acting_user=boss)
    give_back.undo(domain_name="firm.com", acting_user=None)
    assert (now(user).tenant, now(user).state) == (firm, State.DISABLED)
    assert now(user).held_at == user.held_at


def test_who_signs_up_with_its_address_reads_who_switched_it_off(
    client: Client, chief: User, member: User
) -> None:
    user = switched_off(member)
    ask(ClientVisitor(client), str(user.email))
    client.post("/accounts/password/reset/", {"email": user.email})
    mails = LocalInbox().mails_to(str(user.email))
    assert len(mails) == 2
    for mail in mails:
        # Where its lines break hangs on how long the address is.
        assert "Whoever runs this service has switched the account" in one_line(mail.text)
    assert User.objects.filter(email=user.email).count() == 1


def test_its_page_says_who_restores_it_and_offers_nobody_else_to(
    client: Client, chief: User, member: User
) -> None:
    user = switched_off(member)
    run("block_domain", str(chief.tenant))
    there = reverse("admin:tenants_user_change", args=(user.pk,))
    addresses_page = reverse("admin:tenants_user_addresses", args=(user.pk,))
    sign_in_fresh(client, chief)
    shown = page(client, there)
    assert "Only an operator: one switched it off on" in shown
    assert "The domain is blocked here." in shown
    assert 'value="restore"' not in shown
    assert 'value="delete_for_now"' in shown
    assert "has switched" in page(client, addresses_page)
    assert 'name="address"' not in page(client, addresses_page)
    sign_in_fresh(client, OperatorFactory.create())
    assert 'value="restore"' in page(client, there)
    assert 'name="address"' in page(client, addresses_page)


def test_its_own_page_of_an_active_account_says_nothing_of_it(client: Client, chief: User) -> None:
    user = UserFactory.create(tenant=chief.tenant)
    sign_in_fresh(client, chief)
    there = reverse("admin:tenants_user_change", args=(user.pk,))
    assert "Who restores it" not in page(client, there)
    states.disable(user=user, acting_user=chief)
    assert "An administrator of its organisation, or an operator." in page(client, there)


@pytest.mark.parametrize(
    "power", [Power.RESTORE, Power.RELEASE, Power.ADD_ADDRESS, Power.CHOOSE_ADDRESS]
)
def test_another_organisations_administrator_is_told_nothing(member: User, power: Power) -> None:
    user, outsider = switched_off(member), administrator()
    assert not may(outsider, power, user)
    with pytest.raises(Exception, match="may not do this"):
        states.restore(user=user, acting_user=outsider)


def test_the_database_has_no_active_account_that_is_held(member: User) -> None:
    with pytest.raises(IntegrityError):
        User.objects.filter(pk=member.pk).update(held_at=timezone.now())
