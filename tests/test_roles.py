"""Who administers an organisation: made one, made a member again, by commands and in the administration."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from tenants.exceptions import NotAllowed
from tenants.flows import roles
from tenants.models import Tenant, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.staff import administrator, sign_in_fresh
from tests.test_commands import refusal, run

pytestmark = pytest.mark.django_db
USERS = reverse("admin:tenants_user_changelist")


@pytest.fixture
def boss() -> User:
    return administrator()


@pytest.fixture
def colleague(boss: User) -> User:
    user: User = UserFactory.create(tenant=boss.tenant)
    return user


def test_a_member_becomes_an_administrator_and_a_member_again(
    boss: User, colleague: User, client: Client
) -> None:
    for command, role in (("make_administrator", "administrator"), ("make_member", "member")):
        assert run(command, str(colleague.email), "--dry-run")["role"] == role
        assert run(command, str(colleague.email))["role"] == role
        colleague.refresh_from_db()
        assert colleague.is_staff is (role == "administrator")
    subjects = [mail.subject for mail in LocalInbox().mails_to(str(colleague.email))]
    assert [subject.split(" your ")[0] for subject in subjects] == [
        "You administer",
        "You no longer administer",
    ]


def test_the_last_administrator_stays_one(boss: User, colleague: User) -> None:
    assert "last active administrator" in refusal("make_member", str(boss.email))
    run("make_administrator", str(colleague.email))
    assert run("make_member", str(boss.email))["role"] == "member"


def test_what_cannot_be_is_refused_with_the_reason(boss: User, colleague: User) -> None:
    unmanaged = UserFactory.create(tenant=TenantFactory.create(state=Tenant.State.UNMANAGED))
    assert "by proving the domain" in refusal("make_administrator", str(unmanaged.email))
    assert "already" in refusal("make_administrator", str(boss.email))
    assert "as it is" in refusal("make_member", str(colleague.email))
    assert "operator" in refusal("make_administrator", str(OperatorFactory.create().email))
    run("disable_user", str(colleague.email))
    assert "is not active" in refusal("make_administrator", str(colleague.email))


def test_an_administrator_makes_a_colleague_one_in_the_list(
    client: Client, boss: User, colleague: User
) -> None:
    sign_in_fresh(client, boss)
    chosen = {"action": "make_administrator", "_selected_action": [str(colleague.pk), str(boss.pk)]}
    page = client.post(USERS, chosen, follow=True).content.decode()
    assert "1 account was changed." in page
    assert User.objects.get(pk=colleague.pk).is_administrator
    event = AuditEvent.objects.get(action="user.made_administrator")
    assert (event.actor_id, event.tenant_id) == (boss.pk, boss.tenant_id)


def test_what_is_refused_in_the_list_is_in_the_log(client: Client, boss: User) -> None:
    sign_in_fresh(client, boss)
    client.post(USERS, {"action": "make_member", "_selected_action": [str(boss.pk)]})
    refused = AuditEvent.objects.get(result="refused")
    assert (refused.actor_id, refused.subject) == (boss.pk, f"user:{boss.pk}")
    told = {"action": "make_member", "refusal": "NotAllowed"}
    assert refused.details.items() >= told.items()
    assert refused.tenant_id == boss.tenant_id


def test_an_attempt_at_a_closed_page_is_in_the_log(client: Client, boss: User) -> None:
    sign_in_fresh(client, boss)
    assert client.get(reverse("admin:outbox_outboxmail_changelist")).status_code == 403
    refused = AuditEvent.objects.get(result="refused")
    assert (refused.subject, refused.tenant_id) == ("page:outbox.outboxmail", boss.tenant_id)


@pytest.mark.parametrize("who", ["member", "outsider", "oneself"])
def test_nobody_else_decides_about_it(boss: User, colleague: User, who: str) -> None:
    actor = {"outsider": administrator(), "oneself": boss}.get(who) or UserFactory.create(
        tenant=boss.tenant
    )
    with pytest.raises(NotAllowed):
        roles.make_member(user=boss, acting_user=actor)
    if who != "oneself":
        with pytest.raises(NotAllowed):
            roles.make_administrator(user=colleague, acting_user=actor)
