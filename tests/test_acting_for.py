"""An operator acts for an organisation: with a reason, for half an hour, and its log shows all of it."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from audit.models import AuditEvent
from audit.reading import readable
from tenants.exceptions import NotAllowed
from tenants.flows import act_for
from tenants.models import ActingFor, Tenant, User
from tests.admin_addresses import Rows
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.foreign import make_all
from tests.staff import administrator, sign_in_fresh
from tests.test_admin_scope import walk

pytestmark = pytest.mark.django_db
USERS = reverse("admin:tenants_user_changelist")
REASON = "Asked by telephone to disable a leaver, case 4711."


@pytest.fixture
def operator(client: Client) -> User:
    operator = OperatorFactory.create()
    sign_in_fresh(client, operator)
    return operator


@pytest.fixture
def boss() -> User:
    return administrator()


def begin(client: Client, boss: User, reason: str = REASON) -> int:
    page = reverse("admin:tenants_tenant_act", args=(boss.tenant_id,))
    return client.post(page, {"administrator": str(boss.pk), "reason": reason}).status_code


def test_an_operator_sees_what_the_administrator_sees_and_the_log_says_for_whom(
    client: Client, operator: User, boss: User
) -> None:
    member, outsider = UserFactory.create(tenant=boss.tenant), UserFactory.create()
    assert begin(client, boss) == 302
    page = client.get(USERS).content.decode()
    assert str(member.email) in page
    assert str(outsider.email) not in page
    assert REASON in page
    client.post(USERS, {"action": "disable", "_selected_action": [str(member.pk)]})
    events = AuditEvent.objects.filter(tenant_id=boss.tenant_id).order_by("at")
    assert [event.action for event in events] == ["operator.began_to_act", "user.disabled"]
    for event in events:
        assert (event.actor_id, event.on_behalf_of_id) == (operator.pk, boss.pk)
    (began, _disabled) = readable(events)
    assert began.details["personal"] == {"reason": REASON}
    client.post(reverse("admin:tenants_tenant_act_end"))
    assert str(outsider.email) in client.get(USERS).content.decode()
    assert AuditEvent.objects.latest("at").action == "operator.ceased_to_act"
    sign_in_fresh(hers := Client(), boss)
    assert "operator.began_to_act" in hers.get("/admin/audit/auditevent/").content.decode()


def test_whoever_acts_finds_nothing_of_another_organisation(
    client: Client, operator: User, boss: User
) -> None:
    rows: Rows = make_all()
    begin(client, boss)
    assert walk(client, rows) == []
    assert REASON in client.get(USERS).content.decode()
    assert client.get(reverse("admin:outbox_outboxmail_changelist")).status_code == 403


def test_when_the_time_is_over_nothing_is_done_to_all_organisations(
    client: Client, operator: User, boss: User
) -> None:
    UserFactory.create(tenant=boss.tenant)
    UserFactory.create()
    begin(client, boss)
    began = ActingFor.objects.get().began_at
    with time_machine.travel(began + dt.timedelta(minutes=29)):
        assert REASON in client.get(USERS).content.decode()
    with time_machine.travel(began + dt.timedelta(minutes=29, seconds=59), tick=False) as clock:
        client.get(USERS)
        clock.shift(2)
        chosen = {"action": "end_all_sessions", "select_across": "1"}
        page = client.post(
            USERS, {**chosen, "_selected_action": [str(boss.pk)]}, follow=True
        ).content.decode()
        assert "is over" in page
    assert not AuditEvent.objects.filter(action="user.sessions_ended").exists()
    assert not User.objects.filter(sessions_ended_at__isnull=False).exists()


def test_nothing_else_is_lent(client: Client, operator: User, boss: User) -> None:
    begin(client, boss)
    assert str(operator.email) in client.get("/account/").content.decode()
    assert str(boss.email) not in client.get("/account/").content.decode()
    assert client.get("/accounts/2fa/").status_code == 200


def test_there_has_to_be_a_reason(client: Client, operator: User, boss: User) -> None:
    assert begin(client, boss, "because") == 200
    assert not ActingFor.objects.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        act_for.begin(tenant=boss.tenant, administrator=boss, reason="", acting_user=operator)  # type: ignore[arg-type]


def test_one_acts_for_those_who_administer_it(client: Client, operator: User, boss: User) -> None:
    stranger = administrator()
    page = reverse("admin:tenants_tenant_act", args=(boss.tenant_id,))
    answer = client.post(page, {"administrator": str(stranger.pk), "reason": REASON})
    assert answer.status_code == 200
    assert client.post(page, {"reason": REASON}).status_code == 200
    assert not ActingFor.objects.exists()


def test_where_nobody_administers_one_acts_for_the_organisation(
    client: Client, operator: User
) -> None:
    tenant = TenantFactory.create(state=Tenant.State.UNMANAGED)
    client.post(reverse("admin:tenants_tenant_act", args=(tenant.pk,)), {"reason": REASON})
    began = AuditEvent.objects.get(action="operator.began_to_act")
    assert began.on_behalf_of_id == tenant.pk


def test_no_administrator_acts_for_anybody(client: Client, boss: User) -> None:
    sign_in_fresh(client, boss)
    assert (
        client.get(reverse("admin:tenants_tenant_act", args=(boss.tenant_id,))).status_code == 403
    )
    assert boss.tenant
    with pytest.raises(NotAllowed):
        act_for.begin(tenant=boss.tenant, administrator=boss, reason=REASON, acting_user=boss)


def test_it_asks_for_a_fresh_factor(client: Client, boss: User) -> None:
    sign_in_fresh(client, OperatorFactory.create(), minutes_ago=11)
    assert begin(client, boss) == 302
    assert not ActingFor.objects.exists()


def test_another_operators_acting_is_not_ones_own(
    client: Client, operator: User, boss: User
) -> None:
    begin(client, boss)
    kept = client.session["acting_for"]
    sign_in_fresh(other := Client(), OperatorFactory.create())
    session = other.session
    session["acting_for"] = kept
    session.save()
    assert REASON not in other.get(USERS).content.decode()
