"""A group's address is no account's. The page and the mail say what they say to anybody; the press tells."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import AuditEvent
from outbox.models import OutboxMail
from signup.models import SignUp
from subscriptions.models import AssignedLicence
from tenants.addresses import parse
from tenants.flows.group_addresses import set_addresses
from tenants.models import Domain, Tenant, User
from tests.factories import GroupFactory, TenantFactory
from tests.outbox import LocalInbox
from tests.walk import ClientVisitor, ask, finish

pytestmark = pytest.mark.django_db
TEAM = "team@walkers.com"


@pytest.fixture
def tenant() -> Tenant:
    tenant = TenantFactory.create(name="walkers.com")
    Domain.objects.update(state=Domain.State.VERIFIED)
    group = GroupFactory.create(tenant=tenant)
    set_addresses(group=group, addresses=[parse(TEAM)], acting_user=None)
    return tenant


@pytest.mark.parametrize("typed", [TEAM, "TEAM@Walkers.com"])
def test_the_press_says_that_it_is_a_groups(client: Client, tenant: Tenant, typed: str) -> None:
    visitor = ClientVisitor(client)
    ask(visitor, typed)
    (mail,) = LocalInbox().mails_to(TEAM)
    page = finish(visitor, mail.link())
    assert page.status == 200
    assert "the address of a group" in page.text
    assert "your own address" in page.text
    assert not User.objects.exists()
    assert not AssignedLicence.objects.exists()
    assert not AuditEvent.objects.filter(action="signup.completed").exists()
    # It goes on saying so, and works once the group has let the address go.
    assert "the address of a group" in finish(visitor, mail.link()).text
    set_addresses(group=tenant.groups.get(), addresses=[], acting_user=None)
    assert finish(visitor, mail.link()).status == 302
    assert User.objects.get().email == TEAM


def test_until_the_press_nothing_tells_it_from_another_address(
    client: Client, tenant: Tenant
) -> None:
    answers, mails = [], []
    for address in (TEAM, "anna@walkers.com"):
        visitor = ClientVisitor(Client())
        answer = visitor.post("/signup/", {"email": address})
        answers.append((answer.status, answer.location))
        mails.append(OutboxMail.objects.get(to_address=address).kind)
    assert answers[0] == answers[1]
    assert mails[0] == mails[1]
    assert SignUp.objects.values_list("outcome", flat=True).distinct().count() == 1


def test_a_used_link_of_a_person_still_says_used(client: Client, tenant: Tenant) -> None:
    visitor = ClientVisitor(client)
    ask(visitor, "anna@walkers.com")
    link = LocalInbox().mails_to("anna@walkers.com")[-1].link()
    finish(visitor, link)
    answer = finish(ClientVisitor(Client()), link)
    assert "This link has been used" in answer.text
