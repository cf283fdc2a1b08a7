"""Whoever lost the role, or the account, has no power left: not in an open session, a running import, or by what was
asked for before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.exceptions import WhoAskedMayNotAnyMore
from accounts.flows import reset_factors
from audit.models import AuditEvent
from signup.flows import import_in_background
from signup.flows.import_in_background import ask, carry_on
from subscriptions.exceptions import WhoOrderedMayNotAnyMore
from subscriptions.flows import orders
from subscriptions.models import Order, Plan
from tenants.exceptions import NotAllowed
from tenants.flows import hand_over, roles, states
from tenants.models import Domain, Tenant, User
from tenants.takeover.exceptions import WhoOfferedMayNotAnyMore
from tests.factories import OperatorFactory, UserFactory
from tests.second_factors import set_up_app
from tests.staff import administrator, sign_in_fresh
from tests.takeovers import holder, managed

pytestmark = pytest.mark.django_db
USERS = reverse("admin:tenants_user_changelist")
Loses = Callable[[User], None]


def demoted(user: User) -> None:
    roles.make_member(user=user, acting_user=None)


def disabled(user: User) -> None:
    states.disable(user=user, acting_user=None)


def deleted(user: User) -> None:
    states.delete(user=user, acting_user=None)


def left_to_nobody(user: User) -> None:
    """As after a takeover that was stopped."""
    Tenant.objects.filter(users=user).update(state=Tenant.State.UNMANAGED)


WAYS = pytest.mark.parametrize("loses", [demoted, disabled, deleted, left_to_nobody])


@pytest.fixture
def boss() -> User:
    boss = administrator()
    administrator(boss.tenant)
    Domain.objects.update(state=Domain.State.VERIFIED)
    return boss


@WAYS
def test_an_open_session_ends_or_opens_no_administration(
    client: Client, boss: User, loses: Loses
) -> None:
    member = UserFactory.create(tenant=boss.tenant)
    sign_in_fresh(client, boss)
    assert client.get(USERS).status_code == 200
    loses(boss)
    sent = {"action": "disable", "_selected_action": [str(member.pk)]}
    assert client.get(USERS).status_code == client.post(USERS, sent).status_code == 302
    assert str(member.email) not in client.get(USERS, follow=True).content.decode()
    assert User.objects.get(pk=member.pk).is_active


@WAYS
def test_a_running_import_makes_no_further_account(
    boss: User, loses: Loses, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert boss.tenant
    people = [f"person{number}@{boss.tenant}" for number in range(10)]
    text = "\n".join(("email", *people))
    job = ask(tenant=boss.tenant, file_name="a.csv", text=text, acting_user=boss)
    note = import_in_background._note

    def loses_it_after_the_fourth(job: Any, row: Any) -> None:
        note(job, row)
        if row.line == 5:
            loses(User.objects.get(pk=boss.pk))

    monkeypatch.setattr(import_in_background, "_note", loses_it_after_the_fourth)
    carry_on(job.pk)
    job.refresh_from_db()
    assert (job.created, job.refused, job.state) == (4, 6, "done")
    assert User.objects.filter(email__in=people).count() == 4


@WAYS
def test_an_order_from_before_is_not_confirmed(boss: User, loses: Loses) -> None:
    assert boss.tenant
    wanted = orders.Wanted(boss.tenant, Plan.objects.get(sku="AIP_PREMIUM_P1"), 5, 12)
    order = orders.place(wanted=wanted, acting_user=boss)
    loses(boss)
    order = Order.objects.get(pk=order.pk)
    with pytest.raises(WhoOrderedMayNotAnyMore):
        orders.confirm(order=order, acting_user=OperatorFactory.create())
    assert Order.objects.get(pk=order.pk).state == "placed"
    orders.refuse(order=order, acting_user=OperatorFactory.create())


@WAYS
def test_a_reset_that_was_asked_for_before_is_not_confirmed(boss: User, loses: Loses) -> None:
    victim, third = administrator(boss.tenant), administrator(boss.tenant)
    set_up_app(victim)
    asked = reset_factors.ask(user=victim, acting_user=boss)
    loses(boss)
    asked.refresh_from_db()
    for pk in (third.pk, OperatorFactory.create().pk):
        confirms = User.objects.get(pk=pk)
        with pytest.raises((WhoAskedMayNotAnyMore, NotAllowed)):
            reset_factors.approve(request=asked, acting_user=confirms)
    assert User.objects.get(pk=victim.pk).must_choose_password is False


@WAYS
def test_a_domain_that_was_offered_before_is_not_given_away(loses: Loses) -> None:
    ada, olga = managed("walkers.com"), managed("runners.com")
    administrator(ada.tenant)
    assert ada.tenant
    assert olga.tenant
    Domain.objects.create(name="further.com", tenant=ada.tenant)
    hand_over.offer(domain_name="further.com", tenant=ada.tenant, to=olga.tenant, acting_user=ada)
    loses(ada)
    with pytest.raises((WhoOfferedMayNotAnyMore, NotAllowed)):
        hand_over.accept(domain_name="further.com", tenant=olga.tenant, acting_user=olga)
    assert holder("further.com").pk == ada.tenant_id
    assert not AuditEvent.objects.filter(action="takeover.begun", subject="domain:further.com")
