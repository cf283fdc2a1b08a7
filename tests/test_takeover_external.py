"""External takeover: a managed organisation takes over a domain that an unmanaged one holds, and gives it back."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditEvent
from signup.domain_lists import forget_heads
from subscriptions.models import Plan
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.access import Power, may
from tenants.exceptions import NotAllowed
from tenants.flows import give_back, oversee, prove, take_over
from tenants.flows.resume import resume
from tenants.models import Address, Domain, DomainProof, DomainRule, Takeover, Tenant, User
from tenants.services import decide_domain
from tenants.takeover import registry
from tenants.takeover.exceptions import (
    BlockedHere,
    HeldByManaged,
    NotHeld,
    NothingToUndo,
    NotManaged,
    NotProvenHere,
    OwnAlready,
    StoppedBefore,
    UnderWay,
)
from tenants.takeover.notices import notices_for
from tenants.takeover.refusals import told
from tenants.takeover.registry import Belonging, Move
from tests.factories import GroupFactory, OperatorFactory, SubscriptionFactory, UserFactory
from tests.takeovers import holder, lost, managed, proven, unmanaged
from tests.test_takeover_internal import mails

pytestmark = pytest.mark.django_db
SHOP, FIRM = "shop.com", "firm.com"
DAY = dt.timedelta(days=1)


@pytest.fixture
def ada() -> User:
    """The administrator of firm.com, who has proven shop.com as well."""
    return managed(FIRM)


@pytest.fixture
def shop() -> Tenant:
    return unmanaged(SHOP)


def taken(ada: User) -> Takeover:
    proven(ada, SHOP)
    assert ada.tenant
    return take_over.take_over(domain_name=SHOP, target=ada.tenant, acting_user=ada)


def tenant_of(ada: User) -> Tenant:
    assert ada.tenant
    return ada.tenant


def plan(sku: str) -> Plan:
    return Plan.objects.get(sku=sku)


def test_all_that_belongs_to_the_domain_moves_and_ids_stay(ada: User, shop: Tenant) -> None:
    before = {user.pk: user.email for user in shop.users.all()}
    group = GroupFactory.create(tenant=shop, name="Sales")
    takeover = taken(ada)
    assert (takeover.state, takeover.is_whole) == ("done", True)
    assert holder(SHOP) == ada.tenant
    assert Domain.objects.get(name=SHOP).state == Domain.State.VERIFIED
    moved = User.objects.filter(tenant=ada.tenant).exclude(pk=ada.pk)
    assert {user.pk: user.email for user in moved} == before
    group.refresh_from_db()
    assert group.tenant == ada.tenant
    for left in (shop.users, shop.groups, shop.domains):
        assert not left.exists()


def test_nothing_moves_by_a_proof_alone_but_its_people_are_told(ada: User, shop: Tenant) -> None:
    proven(ada, SHOP)
    assert holder(SHOP) == shop
    person = shop.users.all()[0]
    assert [notice.stage for notice in notices_for(person)] == ["proven"]
    assert len(mails("proven")) == 3
    take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=ada)
    person.refresh_from_db()
    assert [notice.stage for notice in notices_for(person)] == ["taken"]
    assert [notice.domain_name for notice in notices_for(ada)] == [""]  # of her own organisation
    assert len(mails("taken")) == 3 + 1  # and ada's own, when she became administrator


def test_the_same_password_and_the_same_session_after_it(ada: User, shop: Tenant) -> None:
    browser = Client()
    browser.force_login(shop.users.all()[0])
    assert browser.get("/account/").status_code == 200
    taken(ada)
    page = browser.get("/account/")
    assert page.status_code == 200
    assert FIRM in page.content.decode()


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        ("nobody", NotProvenHere),
        ("nobody below", NotHeld),
        ("own", OwnAlready),
        ("managed", HeldByManaged),
        ("unproven", NotProvenHere),
        ("lost", NotProvenHere),
        ("blocked", BlockedHere),
    ],
)
def test_what_cannot_be_taken(ada: User, state: str, refusal: type[Exception]) -> None:
    name = {"own": FIRM, "nobody below": f"sub.{FIRM}"}.get(state, SHOP)
    if state == "managed":
        managed(SHOP)
    elif not state.startswith("nobody"):
        unmanaged(SHOP)
    if state == "blocked":
        proven(ada, SHOP)
        decide_domain(
            domain_name=SHOP,
            decision=DomainRule.Decision.BLOCK,
            reason="Spam.",
            acting_user=None,
        )
    if state == "lost":
        lost(proven(ada, SHOP), days=1)
    with pytest.raises(refusal):
        take_over.preview(domain_name=name, target=tenant_of(ada))
    with pytest.raises(refusal):
        take_over.take_over(domain_name=name, target=tenant_of(ada), acting_user=ada)
    assert Takeover.objects.filter(kind="external").count() == 0


def test_a_managed_domain_is_refused_when_its_record_is_asked_for(ada: User) -> None:
    managed(SHOP)
    with pytest.raises(HeldByManaged):
        prove.request(domain_name=SHOP, actor=ada, acting_user=ada)


def test_only_its_administrators_take_over_for_an_organisation(ada: User, shop: Tenant) -> None:
    proven(ada, SHOP)
    member = UserFactory.create(tenant=ada.tenant, email=f"member@{FIRM}")
    for somebody in (member, shop.users.all()[0], managed("other.com")):
        with pytest.raises(NotAllowed):
            take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=somebody)
    with pytest.raises(NotManaged):
        take_over.preview(domain_name=FIRM, target=shop)


def test_moved_accounts_are_under_the_limits_and_those_of_the_taker_are_not(
    ada: User, shop: Tenant
) -> None:
    member = UserFactory.create(tenant=ada.tenant, email=f"member@{FIRM}")
    with time_machine.travel(timezone.now() + 4 * DAY):  # after the limits of ada's own takeover
        taken(ada)
        ada = User.objects.get(pk=ada.pk)
        person = User.objects.get(email=f"person0@{SHOP}")
        assert may(ada, Power.DELETE, member)
        assert not may(ada, Power.DELETE, person)
        # Giving somebody another address does not help.
        elsewhere = Domain.objects.get(name=FIRM)
        person.addresses.update(address=f"person0@{FIRM}", domain=elsewhere)
        User.objects.filter(pk=person.pk).update(email=f"person0@{FIRM}")
        assert not may(ada, Power.DELETE, User.objects.get(pk=person.pk))


def test_the_taker_undoes_it_and_those_who_came_since_go_too(ada: User, shop: Tenant) -> None:
    taken(ada)
    joined = UserFactory.create(tenant=ada.tenant, email=f"joined@{SHOP}")
    Address.objects.filter(user=joined).update(proven_at=None)
    give_back.undo(domain_name=SHOP, acting_user=ada)
    joined.refresh_from_db()
    assert joined.tenant == shop
    assert holder(SHOP) == shop
    assert shop.users.count() == 4
    assert tenant_of(ada).users.count() == 1
    assert DomainProof.objects.get(domain_name=SHOP).state == DomainProof.State.SUPERSEDED
    assert [notice.stage for notice in notices_for(joined)] == ["ended"]
    with pytest.raises(NothingToUndo):
        give_back.undo(domain_name=SHOP, acting_user=ada)


def test_a_closed_account_goes_and_comes_back_as_well(ada: User, shop: Tenant) -> None:
    closed = User.objects.create(
        tenant=shop, email=None, state=User.State.CLOSED, creation_method="email_verified"
    )
    taken(ada)
    closed.refresh_from_db()
    assert closed.tenant == ada.tenant
    give_back.undo(domain_name=SHOP, acting_user=ada)
    closed.refresh_from_db()
    assert closed.tenant == shop


def test_who_was_given_an_address_of_the_taker_stays_there(ada: User, shop: Tenant) -> None:
    taken(ada)
    person = User.objects.get(email=f"person0@{SHOP}")
    person.addresses.update(address=f"person0@{FIRM}", domain=Domain.objects.get(name=FIRM))
    User.objects.filter(pk=person.pk).update(email=f"person0@{FIRM}")
    give_back.undo(domain_name=SHOP, acting_user=ada)
    person.refresh_from_db()
    assert person.tenant == ada.tenant


def test_it_can_be_undone_for_30_days(ada: User, shop: Tenant) -> None:
    taken(ada)
    with time_machine.travel(timezone.now() + 30 * DAY), pytest.raises(NothingToUndo):
        give_back.undo(domain_name=SHOP, acting_user=ada)


def test_nobody_else_undoes_it(ada: User, shop: Tenant) -> None:
    taken(ada)
    for somebody in (User.objects.get(email=f"person0@{SHOP}"), managed("other.com")):
        with pytest.raises(NotAllowed):
            give_back.undo(domain_name=SHOP, acting_user=somebody)
    give_back.undo(domain_name=SHOP, acting_user=OperatorFactory.create())


def test_what_an_operator_stopped_takes_an_operator_to_repeat(ada: User, shop: Tenant) -> None:
    taken(ada)
    oversee.stop(domain_name=SHOP, reason="Not theirs.", acting_user=OperatorFactory.create())
    assert holder(SHOP) == shop
    reasons = AuditEvent.objects.filter(action="takeover.undone")
    assert {event.details["reason"] for event in reasons} == {"Not theirs."}
    proven(ada, SHOP)
    with pytest.raises(StoppedBefore):
        take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=ada)
    take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=None)
    assert holder(SHOP) == ada.tenant


def test_one_takeover_of_a_domain_at_a_time(ada: User, shop: Tenant) -> None:
    other = managed("other.com")
    proven(ada, SHOP)
    proven(other, SHOP)
    begun = take_over.begin(domain_name=SHOP, target=tenant_of(ada), acting_user=ada)
    with pytest.raises(UnderWay):
        take_over.begin(domain_name=SHOP, target=tenant_of(other), acting_user=other)
    take_over.run(begun.pk)
    with pytest.raises(HeldByManaged):
        take_over.begin(domain_name=SHOP, target=tenant_of(other), acting_user=other)


def test_what_has_become_impossible_is_given_up_with_its_reason(ada: User, shop: Tenant) -> None:
    proof = proven(ada, SHOP)
    begun = take_over.begin(domain_name=SHOP, target=tenant_of(ada), acting_user=ada)
    lost(proof, days=1)
    assert resume(older_than=dt.timedelta()) == []
    begun.refresh_from_db()
    assert begun.state == Takeover.State.REFUSED
    assert "has not proven" in told(begun)
    assert holder(SHOP) == shop
    assert AuditEvent.objects.filter(action="takeover.refused", tenant_id=ada.tenant_id).exists()


def test_what_fails_holds_nobody_up_and_is_given_up_after_a_day(
    ada: User, shop: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    unmanaged("late.com")
    begun = []
    for name in (SHOP, "late.com"):
        proven(ada, name)
        begun.append(take_over.begin(domain_name=name, target=tenant_of(ada), acting_user=ada))

    def torn(move: Move) -> None:
        if move.domain.name == SHOP:
            raise IntegrityError("Something does not fit together.")

    monkeypatch.setitem(registry._belongings, "torn", Belonging("torn", (), torn))
    (ended,) = resume(older_than=dt.timedelta())
    assert ended.domain_name == "late.com"
    assert Takeover.objects.get(pk=begun[0].pk).state == Takeover.State.PREPARED
    with time_machine.travel(timezone.now() + dt.timedelta(days=1, minutes=1)):
        assert resume() == []
    failed = Takeover.objects.get(pk=begun[0].pk)
    assert (failed.state, holder(SHOP)) == (Takeover.State.REFUSED, shop)
    assert "failed for a day" in told(failed)


def test_running_it_again_changes_nothing(ada: User, shop: Tenant) -> None:
    takeover = taken(ada)
    events = AuditEvent.objects.count()
    assert take_over.run(takeover.pk).done_at == takeover.done_at
    assert resume(older_than=dt.timedelta()) == []
    assert AuditEvent.objects.count() == events


def statements(ada: User, name: str, *, people: int) -> tuple[int, int]:
    """There and back."""
    tenant = unmanaged(name, people=people)
    free = ensure_free_subscription(tenant=tenant, acting_user=None)
    bought = SubscriptionFactory.create(tenant=tenant, plan=plan("AIP_PREMIUM_P1"), units=50)
    group = GroupFactory.create(tenant=tenant, name=name, name_key=name)
    for user in tenant.users.all():
        group.memberships.create(user=user)
        for subscription in (free, bought):
            assign_unit(subscription=subscription, user=user, acting_user=None)
    proven(ada, name)
    forget_heads()  # they are remembered for seconds, which a slow machine outlasts
    with CaptureQueriesContext(connection) as there:
        take_over.take_over(domain_name=name, target=tenant_of(ada), acting_user=ada)
    forget_heads()
    with CaptureQueriesContext(connection) as back:
        give_back.undo(domain_name=name, acting_user=ada)
    return len(there), len(back)


def test_many_accounts_take_as_many_statements_as_few(ada: User) -> None:
    statements(ada, "first.com", people=2)  # what an organisation gets with its first takeover
    assert statements(ada, "few.com", people=2) == statements(ada, "many.com", people=30)
