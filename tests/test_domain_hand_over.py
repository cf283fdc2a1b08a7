"""A domain goes from one managed organisation to another by consent of both, is removed, or is released."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from signup.models import SignUp
from subscriptions.models import AssignedLicence, Plan
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.access import Power, may
from tenants.exceptions import NotAllowed
from tenants.flows import domains, give_back, hand_over, prove, release
from tenants.flows.resume import resume
from tenants.models import (
    Address,
    Domain,
    DomainProof,
    PendingErasure,
    Takeover,
    Tenant,
    User,
)
from tenants.takeover.exceptions import (
    AddressesLeft,
    HeldByManaged,
    NobodyLeft,
    NoOffer,
    NotManaged,
    NotReleasable,
    OfferedAlready,
    OnlyDomain,
    OperatorsOnly,
    OtherHolder,
    OwnAlready,
    ReasonNeeded,
)
from tests.factories import GroupFactory, OperatorFactory, SubscriptionFactory, UserFactory
from tests.outbox import LocalInbox
from tests.takeovers import holder, lost, managed, proven, unmanaged
from tests.walk import ClientVisitor, ask

pytestmark = pytest.mark.django_db
FIRM, SHOP, OTHER = "firm.com", "shop.com", "other.com"
DAY = dt.timedelta(days=1)


@pytest.fixture
def ada() -> User:
    """The administrator of firm.com, which has proven shop.com as well, with people in both."""
    ada = managed(FIRM)
    proven(ada, SHOP)
    for number in range(3):
        UserFactory.create(tenant=ada.tenant, email=f"person{number}@{SHOP}")
    return ada


@pytest.fixture
def olga() -> User:
    return managed(OTHER)


def tenant_of(user: User) -> Tenant:
    assert user.tenant
    return user.tenant


def offered(ada: User, olga: User) -> None:
    hand_over.offer(domain_name=SHOP, tenant=tenant_of(ada), to=tenant_of(olga), acting_user=ada)


def accepted(olga: User) -> Takeover:
    return hand_over.accept(domain_name=SHOP, tenant=tenant_of(olga), acting_user=olga)


def test_one_offers_the_other_accepts_and_all_in_the_domain_goes(ada: User, olga: User) -> None:
    offered(ada, olga)
    assert [made.domain_name for made in hand_over.offers_for(tenant_of(olga))] == [SHOP]
    takeover = accepted(olga)
    assert (takeover.kind, takeover.is_whole) == ("hand_over", False)
    assert holder(SHOP) == olga.tenant
    assert User.objects.filter(email__endswith=SHOP, tenant=olga.tenant).count() == 3
    assert User.objects.get(pk=ada.pk).tenant == ada.tenant
    proof = DomainProof.objects.get(domain_name=SHOP)
    assert (proof.tenant, proof.state) == (olga.tenant, DomainProof.State.PROVEN)
    assert Domain.objects.get(name=SHOP).state == Domain.State.VERIFIED
    person = User.objects.get(email=f"person0@{SHOP}")
    assert not may(olga, Power.DELETE, person)


def test_only_administrators_of_the_one_offer_and_of_the_other_accept(
    ada: User, olga: User
) -> None:
    with pytest.raises(NotAllowed):
        hand_over.offer(
            domain_name=SHOP, tenant=tenant_of(ada), to=tenant_of(olga), acting_user=olga
        )
    offered(ada, olga)
    for somebody in (ada, managed("third.com")):
        with pytest.raises(NotAllowed):
            hand_over.accept(domain_name=SHOP, tenant=tenant_of(olga), acting_user=somebody)
        with pytest.raises(NoOffer):
            hand_over.accept(domain_name=SHOP, tenant=tenant_of(somebody), acting_user=somebody)
    assert holder(SHOP) == ada.tenant


@pytest.mark.parametrize("answer", ["withdraw", "decline", "expire"])
def test_an_offer_that_has_ended_cannot_be_accepted(ada: User, olga: User, answer: str) -> None:
    offered(ada, olga)
    with pytest.raises(OfferedAlready):
        offered(ada, olga)
    later = timezone.now() + dt.timedelta(days=7, minutes=1)
    if answer == "withdraw":
        hand_over.withdraw(domain_name=SHOP, tenant=tenant_of(ada), acting_user=ada)
    if answer == "decline":
        hand_over.decline(domain_name=SHOP, tenant=tenant_of(olga), acting_user=olga)
    with time_machine.travel(later if answer == "expire" else timezone.now()):
        with pytest.raises(NoOffer):
            accepted(olga)
        offered(ada, olga)


def test_what_cannot_be_offered(ada: User, olga: User) -> None:
    firm, other = tenant_of(ada), tenant_of(olga)
    nobody = unmanaged("nobody.com")
    for name, tenant, to, refusal in (
        (OTHER, firm, other, OtherHolder),
        (SHOP, firm, firm, OwnAlready),
        (SHOP, firm, nobody, NotManaged),
        (OTHER, other, firm, OnlyDomain),
    ):
        with pytest.raises(refusal):
            hand_over.offer(domain_name=name, tenant=tenant, to=to, acting_user=None)


def test_an_organisation_keeps_an_active_administrator(ada: User, olga: User) -> None:
    hand_over.offer(domain_name=FIRM, tenant=tenant_of(ada), to=tenant_of(olga), acting_user=ada)
    with pytest.raises(NobodyLeft):
        hand_over.accept(domain_name=FIRM, tenant=tenant_of(olga), acting_user=olga)
    assert holder(FIRM) == ada.tenant
    ada.refresh_from_db()
    assert ada.role == User.Role.ADMINISTRATOR
    assert Takeover.objects.get(kind="hand_over").state == Takeover.State.REFUSED


def test_an_administrator_who_goes_along_is_a_member_there_and_one_again_after_the_undo(
    ada: User, olga: User
) -> None:
    second = UserFactory.create(
        tenant=ada.tenant, email=f"second@{SHOP}", role=User.Role.ADMINISTRATOR
    )
    offered(ada, olga)
    lines = hand_over.preview(domain_name=SHOP, to=tenant_of(olga))
    assert any("1 of them is an administrator" in line.text for line in lines)
    accepted(olga)
    second.refresh_from_db()
    assert (second.tenant, second.role) == (olga.tenant, User.Role.MEMBER)
    give_back.undo(domain_name=SHOP, acting_user=olga)
    second.refresh_from_db()
    assert (second.tenant, second.role) == (ada.tenant, User.Role.ADMINISTRATOR)
    proof = DomainProof.objects.get(domain_name=SHOP)
    assert (proof.tenant, proof.state) == (ada.tenant, DomainProof.State.PROVEN)


def test_what_lies_between_the_two_ends_and_is_there_again_after_the_undo(
    ada: User, olga: User
) -> None:
    person = User.objects.get(email=f"person0@{SHOP}")
    group = GroupFactory.create(tenant=ada.tenant, name="All")
    for user in (person, ada):
        group.memberships.create(user=user)
    domain = Domain.objects.get(name=FIRM)
    alias = Address.objects.create(
        address=f"p0@{FIRM}", domain=domain, user=person, is_primary=False
    )
    bought = SubscriptionFactory.create(
        tenant=ada.tenant, plan=Plan.objects.get(sku="ENTERPRISEPACK")
    )
    unit = assign_unit(subscription=bought, user=person, acting_user=None)
    free = ensure_free_subscription(tenant=tenant_of(ada), acting_user=None)
    assign_unit(subscription=free, user=person, acting_user=None)
    offered(ada, olga)
    texts = [line.text for line in hand_over.preview(domain_name=SHOP, to=tenant_of(olga))]
    for begin in ("1 membership ends", "1 alias ends", "Office plan with rights management stays"):
        assert any(text.startswith(begin) for text in texts), (begin, texts)
    accepted(olga)
    assert [membership.user for membership in group.memberships.all()] == [ada]
    assert not Address.objects.filter(pk=alias.pk).exists()
    (left,) = AssignedLicence.objects.filter(user=person)
    assert (left.subscription.plan.is_free, left.subscription.tenant) == (True, olga.tenant)
    give_back.undo(domain_name=SHOP, acting_user=olga)
    assert {membership.user for membership in group.memberships.all()} == {ada, person}
    assert Address.objects.get(pk=alias.pk).user == person
    assert AssignedLicence.objects.get(pk=unit.pk).subscription == bought
    assert AssignedLicence.objects.filter(user=person, subscription=free).exists()


# --- Adding and removing ------------------------------------------------------------------------------


def test_a_domain_that_nobody_has_is_added_with_its_proof(olga: User) -> None:
    proven(olga, "new.com")
    domain = Domain.objects.get(name="new.com")
    assert (domain.tenant, domain.state) == (olga.tenant, Domain.State.VERIFIED)
    assert AuditEvent.objects.get(action="domain.added").tenant_id == olga.tenant_id


def test_a_domain_is_removed_once_no_address_lies_in_it(ada: User, olga: User) -> None:
    with pytest.raises(AddressesLeft, match="3 addresses"):
        domains.remove(domain_name=SHOP, tenant=tenant_of(ada), acting_user=ada)
    with pytest.raises(NotAllowed):
        domains.remove(domain_name=SHOP, tenant=tenant_of(ada), acting_user=olga)
    with pytest.raises(OtherHolder):
        domains.remove(domain_name=SHOP, tenant=tenant_of(olga), acting_user=olga)
    with pytest.raises(OnlyDomain):
        domains.remove(domain_name=OTHER, tenant=tenant_of(olga), acting_user=olga)
    User.objects.filter(email__endswith=SHOP).delete()
    domains.remove(domain_name=SHOP, tenant=tenant_of(ada), acting_user=ada)
    assert not Domain.objects.filter(name=SHOP).exists()
    assert DomainProof.objects.get(domain_name=SHOP).state == DomainProof.State.SUPERSEDED


# --- Releasing ----------------------------------------------------------------------------------------


def re_registered(ada: User, olga: User, *, days: int) -> None:
    """firm.com forgot to pay for shop.com, and other.com has it now."""
    lost(DomainProof.objects.get(domain_name=SHOP, tenant=ada.tenant), days=days)
    proven(olga, SHOP)


def test_a_lost_domain_is_released_30_days_later_by_an_operator_with_a_reason(
    ada: User, olga: User
) -> None:
    operator = OperatorFactory.create()
    with pytest.raises(HeldByManaged):
        prove.request(domain_name=SHOP, actor=olga, acting_user=olga)
    re_registered(ada, olga, days=29)
    assert holder(SHOP) == ada.tenant
    with pytest.raises(NotReleasable):
        release.release(domain_name=SHOP, reason="Sold.", acting_user=operator)
    with time_machine.travel(timezone.now() + 2 * DAY):
        with pytest.raises(OperatorsOnly):
            release.release(domain_name=SHOP, reason="Sold.", acting_user=olga)
        with pytest.raises(ReasonNeeded):
            release.release(domain_name=SHOP, reason="", acting_user=operator)
        takeover = release.release(domain_name=SHOP, reason="Sold.", acting_user=operator)
    assert (takeover.kind, takeover.state) == ("release", "done")
    assert takeover.limited_until == takeover.done_at
    assert holder(SHOP) == olga.tenant
    told = AuditEvent.objects.filter(action="domain.released")
    assert {event.tenant_id for event in told} == {ada.tenant_id, olga.tenant_id}
    assert {event.details["reason"] for event in told} == {"Sold."}


def test_without_a_fresh_proof_of_another_organisation_nothing_is_released(ada: User) -> None:
    lost(DomainProof.objects.get(domain_name=SHOP), days=31)
    with pytest.raises(NotReleasable):
        release.release(domain_name=SHOP, reason="Sold.", acting_user=None)


def test_old_accounts_stay_and_their_addresses_are_for_somebody_else(ada: User, olga: User) -> None:
    person, second = (User.objects.get(email=f"person{number}@{SHOP}") for number in range(2))
    Address.objects.create(
        address=f"second@{FIRM}",
        domain=Domain.objects.get(name=FIRM),
        user=second,
        is_primary=False,
    )
    gone = UserFactory.create(tenant=ada.tenant, email=f"gone@{SHOP}", state=User.State.DELETED)
    PendingErasure.objects.create(
        user=gone, addresses=[gone.email], due_at=timezone.now() + 30 * DAY
    )
    re_registered(ada, olga, days=31)
    release.release(domain_name=SHOP, reason="Sold.", acting_user=None)
    for user in (person, second, gone):
        user.refresh_from_db()
        assert user.tenant == ada.tenant
    assert person.email == f"erased:{person.pk}"
    assert second.email == f"second@{FIRM}"
    assert second.addresses.get().is_primary
    assert PendingErasure.objects.get().addresses == []
    assert not Address.objects.filter(domain__name=SHOP).exists()
    page = ask(ClientVisitor(Client()), f"person0@{SHOP}")
    assert page.status == 302
    assert SignUp.objects.get().outcome == SignUp.Outcome.CONFIRM
    assert "Finish signing up" in LocalInbox().mails_to(f"person0@{SHOP}")[-1].subject


def test_a_release_that_was_interrupted_is_finished(ada: User, olga: User) -> None:
    re_registered(ada, olga, days=31)
    release.begin(domain_name=SHOP, reason="Sold.", acting_user=None)
    assert holder(SHOP) == ada.tenant
    (ended,) = resume(older_than=dt.timedelta())
    assert (ended.kind, ended.state) == ("release", "done")
    assert holder(SHOP) == olga.tenant
