"""External takeover: a managed organisation takes over a domain that an unmanaged one holds, and gives it back."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import AuditEvent
from subscriptions.models import FREE_PLAN, AssignedLicence, Plan, Subscription
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.access import Power, may
from tenants.exceptions import NotAllowed
from tenants.flows import give_back, oversee, prove, take_over
from tenants.models import Address, Domain, DomainProof, Group, Takeover, Tenant, User
from tenants.takeover.exceptions import (
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
        ("nobody", NotHeld),
        ("own", OwnAlready),
        ("managed", HeldByManaged),
        ("unproven", NotProvenHere),
        ("lost", NotProvenHere),
    ],
)
def test_what_cannot_be_taken(ada: User, state: str, refusal: type[Exception]) -> None:
    name = FIRM if state == "own" else SHOP
    if state == "managed":
        managed(SHOP)
    elif state != "nobody":
        unmanaged(SHOP)
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
    assert take_over.resume(older_than=dt.timedelta()) == []
    begun.refresh_from_db()
    assert begun.state == Takeover.State.REFUSED
    assert "has not proven" in begun.refusal
    assert holder(SHOP) == shop
    assert AuditEvent.objects.filter(action="takeover.refused", tenant_id=ada.tenant_id).exists()


def test_running_it_again_changes_nothing(ada: User, shop: Tenant) -> None:
    takeover = taken(ada)
    events = AuditEvent.objects.count()
    assert take_over.run(takeover.pk).done_at == takeover.done_at
    assert take_over.resume(older_than=dt.timedelta()) == []
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
    with CaptureQueriesContext(connection) as there:
        take_over.take_over(domain_name=name, target=tenant_of(ada), acting_user=ada)
    with CaptureQueriesContext(connection) as back:
        give_back.undo(domain_name=name, acting_user=ada)
    return len(there), len(back)


def test_many_accounts_take_as_many_statements_as_few(ada: User) -> None:
    statements(ada, "first.com", people=2)  # what an organisation gets with its first takeover
    assert statements(ada, "few.com", people=2) == statements(ada, "many.com", people=30)


# --- What collides ------------------------------------------------------------------------------------


def test_groups_of_one_name_are_told_apart_and_have_their_names_again(
    ada: User, shop: Tenant
) -> None:
    theirs = GroupFactory.create(tenant=shop, name="Sales", name_key="sales")
    GroupFactory.create(tenant=ada.tenant, name="sales", name_key="sales")
    proven(ada, SHOP)
    lines = take_over.preview(domain_name=SHOP, target=tenant_of(ada)).lines
    assert [line.text for line in lines if line.collides] == [
        "The name of the group Sales is taken: it becomes Sales (shop.com)."
    ]
    take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=ada)
    theirs.refresh_from_db()
    assert (theirs.name, theirs.name_key) == ("Sales (shop.com)", "sales (shop.com)")
    give_back.undo(domain_name=SHOP, acting_user=ada)
    theirs.refresh_from_db()
    assert (theirs.name, theirs.name_key) == ("Sales", "sales")


def test_what_came_to_lie_between_two_organisations_ends_with_the_undo(
    ada: User, shop: Tenant
) -> None:
    taken(ada)
    person = User.objects.get(email=f"person0@{SHOP}")
    ours = GroupFactory.create(tenant=ada.tenant, name="All")
    ours.memberships.create(user=person)
    ours.memberships.create(user=ada)
    alias = Address.objects.create(
        address=f"p0@{FIRM}", domain=Domain.objects.get(name=FIRM), user=person, is_primary=False
    )
    give_back.undo(domain_name=SHOP, acting_user=ada)
    assert [membership.user for membership in ours.memberships.all()] == [ada]
    assert not Address.objects.filter(pk=alias.pk).exists()


def units(user: User) -> list[tuple[str, Tenant]]:
    rows = AssignedLicence.objects.filter(user=user, subscription__cancelled_at__isnull=True)
    return [(row.subscription.plan_id, row.subscription.tenant) for row in rows]


def test_free_units_are_those_of_the_new_organisation_and_back(ada: User, shop: Tenant) -> None:
    person = shop.users.get(email=f"person0@{SHOP}")
    free = ensure_free_subscription(tenant=shop, acting_user=None)
    unit = assign_unit(subscription=free, user=person, acting_user=None)
    taken(ada)
    assert units(person) == [(FREE_PLAN, ada.tenant)]
    assert AssignedLicence.objects.get(user=person).pk == unit.pk
    give_back.undo(domain_name=SHOP, acting_user=ada)
    assert units(person) == [(FREE_PLAN, shop)]
    free.refresh_from_db()
    assert (free.tenant, free.cancelled_at) == (shop, None)


def test_a_plan_that_only_one_has_goes_along(ada: User, shop: Tenant) -> None:
    person = shop.users.get(email=f"person0@{SHOP}")
    bought = SubscriptionFactory.create(tenant=shop, plan=plan("AIP_PREMIUM_P1"), units=5)
    assign_unit(subscription=bought, user=person, acting_user=None)
    taken(ada)
    bought.refresh_from_db()
    assert bought.tenant == ada.tenant
    assert units(person) == [("AIP_PREMIUM_P1", ada.tenant)]
    assign_unit(subscription=bought, user=ada, acting_user=None)
    give_back.undo(domain_name=SHOP, acting_user=ada)
    bought.refresh_from_db()
    assert (bought.tenant, units(person), units(ada)) == (shop, [("AIP_PREMIUM_P1", shop)], [])


def test_of_two_subscriptions_to_a_plan_one_gets_the_units_of_both(ada: User, shop: Tenant) -> None:
    person = shop.users.get(email=f"person0@{SHOP}")
    theirs = SubscriptionFactory.create(tenant=shop, plan=plan("ENTERPRISEPACK"), units=5)
    ours = SubscriptionFactory.create(tenant=ada.tenant, plan=plan("ENTERPRISEPACK"), units=2)
    assign_unit(subscription=theirs, user=person, acting_user=None)
    assign_unit(subscription=ours, user=ada, acting_user=None)
    taken(ada)
    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert (ours.units, theirs.cancelled_at is not None) == (7, True)
    assert units(person) == units(ada) == [("ENTERPRISEPACK", ada.tenant)]
    give_back.undo(domain_name=SHOP, acting_user=ada)
    ours.refresh_from_db()
    theirs.refresh_from_db()
    assert (ours.units, theirs.units, theirs.cancelled_at) == (2, 5, None)
    assert units(person) == [("ENTERPRISEPACK", shop)]
    assert units(ada) == [("ENTERPRISEPACK", ada.tenant)]


def test_nobody_who_stays_loses_a_unit_by_an_undo(ada: User, shop: Tenant) -> None:
    SubscriptionFactory.create(tenant=shop, plan=plan("ENTERPRISEPACK"), units=5)
    ours = SubscriptionFactory.create(tenant=ada.tenant, plan=plan("ENTERPRISEPACK"), units=1)
    taken(ada)
    ours.refresh_from_db()
    people = [ada, *(UserFactory.create(tenant=ada.tenant, email=f"x{n}@{FIRM}") for n in range(2))]
    for user in people:
        assign_unit(subscription=ours, user=user, acting_user=None)
    give_back.undo(domain_name=SHOP, acting_user=ada)
    ours.refresh_from_db()
    assert (ours.units, ours.assigned_licences.count()) == (3, 3)


def test_the_preview_says_what_goes_along(ada: User, shop: Tenant) -> None:
    GroupFactory.create(tenant=shop, name="Sales")
    SubscriptionFactory.create(tenant=shop, plan=plan("AIP_PREMIUM_P1"), units=5)
    proven(ada, SHOP)
    seen = take_over.preview(domain_name=SHOP, target=tenant_of(ada))
    texts = [line.text for line in seen.lines]
    assert texts[0].startswith("3 accounts go along")
    assert "1 group goes along." in texts
    assert any("5 units, 0 assigned" in text for text in texts)
    assert "The domain shop.com goes along." in texts


def test_a_subscription_of_a_source_is_not_left_behind(ada: User, shop: Tenant) -> None:
    SubscriptionFactory.create(
        tenant=shop, plan=plan("ENTERPRISEPACK"), cancelled_at=timezone.now()
    )
    taken(ada)
    assert not Subscription.objects.filter(tenant=shop).exists()
    assert not Group.objects.filter(tenant=shop).exists()
