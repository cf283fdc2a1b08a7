"""What an operator may do while acting for an organisation: what its administrators may, and nothing else."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from audit import origin
from audit.models import AuditEvent
from audit.origin import Behalf
from outbox import announcing
from subscriptions.models import Order, Subscription
from tenants import access
from tenants.access import Power
from tenants.flows import roles
from tenants.flows.take_over import run
from tenants.models import ActingFor, FactorReset, Takeover, User
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.second_factors import set_up_app
from tests.staff import administrator, sign_in_fresh
from tests.takeovers import holder, managed, proven, unmanaged
from tests.test_acting_for import REASON, begin

pytestmark = pytest.mark.django_db
USERS = reverse("admin:tenants_user_changelist")
END = reverse("admin:tenants_tenant_act_end")


@pytest.fixture
def operator(client: Client) -> User:
    operator = OperatorFactory.create()
    sign_in_fresh(client, operator)
    return operator


def choose(client: Client, action: str, user: User) -> str:
    sent = {"action": action, "_selected_action": [str(user.pk)]}
    return client.post(USERS, sent, follow=True).content.decode()


def of_the_new_administrator() -> tuple[User, User]:
    """Whose power is limited for 72 hours, and a colleague from before."""
    tenant = unmanaged("firm.com")
    member = tenant.users.get(email="person0@firm.com")
    proven(member, "firm.com")
    return User.objects.get(pk=member.pk), tenant.users.get(email="person1@firm.com")


def test_the_72_hours_hold_for_who_acts_on_behalf_of_the_new_administrator(
    client: Client, operator: User
) -> None:
    boss, colleague = of_the_new_administrator()
    set_up_app(colleague)
    begin(client, boss)
    for action in ("delete_for_now", "reset_second_factors"):
        choose(client, action, colleague)
    assert User.objects.get(pk=colleague.pk).state == "active"
    assert Authenticator.objects.filter(user=colleague).count() == 2
    assert AuditEvent.objects.filter(action="admin.refused", on_behalf_of_id=boss.pk).count() == 2
    client.post(END)
    choose(client, "delete_for_now", colleague)
    event = AuditEvent.objects.get(action="user.deleted")
    assert (event.actor_id, event.on_behalf_of_id) == (operator.pk, None)


def test_an_administrators_factors_take_two_also_then(client: Client, operator: User) -> None:
    boss = administrator()
    colleague = administrator(boss.tenant)
    set_up_app(colleague)
    begin(client, boss)
    assert "has to confirm it" in choose(client, "reset_second_factors", colleague)
    assert Authenticator.objects.filter(user=colleague).count() == 2
    client.post(END)
    resets = reverse("admin:tenants_factorreset_changelist")
    asked = FactorReset.objects.get()
    client.post(resets, {"action": "approve", "_selected_action": [str(asked.pk)]})
    assert Authenticator.objects.filter(user=colleague).count() == 2


def test_what_operators_alone_decide_waits_until_acting_has_ended(
    client: Client, operator: User
) -> None:
    boss, _colleague = of_the_new_administrator()
    begin(client, boss)
    takeover = Takeover.objects.get()
    for name in ("waive", "stop"):
        page = reverse(f"admin:tenants_takeover_{name}", args=(takeover.pk,))
        sent = {"typed": "firm.com", "reason": "They asked for it."}
        assert client.post(page, sent).status_code == 403
    order = reverse(
        "admin:subscriptions_organisationplans_order", args=(boss.tenant_id, "AIP_PREMIUM_P1")
    )
    shown = client.get(order).content.decode()
    key = shown.partition('name="one_time_key" value="')[2].partition('"')[0]
    client.post(order, {"units": "5", "months": "12", "one_time_key": key, "step": "do"})
    assert Order.objects.get().state == "placed"
    assert not Subscription.objects.filter(plan_id="AIP_PREMIUM_P1").exists()
    takeover.refresh_from_db()
    assert (takeover.state, takeover.waived_at) == ("done", None)


def test_no_flow_lets_who_acts_for_one_organisation_reach_another(operator: User) -> None:
    """Whatever a page would forget."""
    own, other = UserFactory.create(), UserFactory.create()
    assert own.tenant
    assert other.tenant
    for_own = Behalf(own.tenant.pk, tenant_id=own.tenant.pk, operator_id=operator.pk)
    with origin.on_behalf_of(for_own):
        allowed = {power for power in Power if access.may(operator, power, own)}
        assert allowed == access.GOVERNING
        assert not any(access.may(operator, power, other) for power in Power)
        assert access.governs(operator, own.tenant)
        assert not access.governs(operator, other.tenant)
        assert not access.operates(operator)
        assert access.operates(OperatorFactory.create())
    assert access.operates(operator)
    assert all(access.may(operator, power, other) for power in Power)


def test_one_acts_for_one_at_a_time_and_each_time_has_its_reason(
    client: Client, operator: User
) -> None:
    boss = administrator()
    begin(client, boss)
    begin(client, boss, "Another matter, case 4712.")
    first, second = ActingFor.objects.order_by("began_at")
    assert first.ended_at
    assert not second.ended_at
    events = AuditEvent.objects.filter(tenant_id=boss.tenant_id, action__startswith="operator.")
    assert list(events.order_by("at").values_list("action", flat=True)) == [
        "operator.began_to_act",
        "operator.ceased_to_act",
        "operator.began_to_act",
    ]
    # Another organisation is out of sight meanwhile, also to begin with.
    stranger = administrator()
    assert begin(client, stranger) == 404


def test_who_signs_out_acts_for_nobody_and_the_log_says_so(client: Client, operator: User) -> None:
    boss = administrator()
    begin(client, boss)
    client.post("/accounts/logout/")
    assert ActingFor.objects.get().ended_at
    event = AuditEvent.objects.get(action="operator.ceased_to_act")
    assert (event.actor_id, event.tenant_id) == (operator.pk, boss.tenant_id)


def test_it_ends_when_the_administrator_loses_the_role(client: Client, operator: User) -> None:
    boss = administrator()
    administrator(boss.tenant)
    member = UserFactory.create(tenant=boss.tenant)
    begin(client, boss)
    assert REASON in client.get(USERS).content.decode()
    roles.make_member(user=User.objects.get(pk=boss.pk), acting_user=None)
    assert "is over" in choose(client, "disable", member)
    assert User.objects.get(pk=member.pk).is_active


def test_it_ends_when_the_operator_is_one_no_more(client: Client, operator: User) -> None:
    OperatorFactory.create()
    boss = administrator()
    begin(client, boss)
    User.objects.filter(pk=operator.pk).update(state="disabled")
    assert client.get(USERS).status_code == 302
    assert str(boss.email) not in client.get(USERS, follow=True).content.decode()


def test_a_takeover_that_a_worker_does_says_on_whose_behalf(
    client: Client, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(announcing, "ask", lambda *_, **__: True)
    ada = managed("walkers.com")
    TenantFactory.create(name="shop.com")
    proven(ada, "shop.com")
    begin(client, ada)
    page = reverse("admin:tenants_domain_take_over", args=("shop.com",))
    assert client.post(page, {"typed": "shop.com"}).status_code == 302
    client.post(END)
    takeover = Takeover.objects.get(kind="external")
    run(takeover.pk)
    assert holder("shop.com").pk == ada.tenant_id
    for action in ("takeover.begun", "takeover.done", "tenant.moved"):
        event = AuditEvent.objects.get(action=action, subject="domain:shop.com")
        assert (event.actor_id, event.on_behalf_of_id) == (operator.pk, ada.pk), action
