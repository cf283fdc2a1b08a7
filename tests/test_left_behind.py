"""Sign-ups of people whom a domain left behind when it went to another organisation: neither side's administrators
read them, by whatever way the two came apart, and those of everybody else they do.
"""

from __future__ import annotations

import pytest
from django.test import Client

from signup.flows import confirm
from signup.left_behind import mark_all
from signup.models import SignUp
from signup.tasks import purge_signups
from tenants.addresses import parse
from tenants.flows import addresses as flow_of_addresses
from tenants.flows import domains, give_back, hand_over, release, take_over
from tenants.models import Address, Domain, DomainProof, Tenant, User
from tenants.services import make_tenant
from tests.factories import UserFactory
from tests.left_behind import assert_administrators_see_what_they_may, signed_up
from tests.staff import sign_in_fresh
from tests.takeovers import holder, lost, managed, proven, unmanaged

pytestmark = pytest.mark.django_db
FIRM, SHOP, OTHER = "firm.com", "shop.com", "other.com"


def sees(who: User, row: SignUp) -> bool:
    list_ = sign_in_fresh(Client(), who).get("/admin/signup/signup/")
    return f"/admin/signup/signup/{row.pk}/" in list_.text


@pytest.fixture
def ada() -> User:
    """The administrator of firm.com, which has proven shop.com as well."""
    ada = managed(FIRM)
    proven(ada, SHOP)
    return ada


@pytest.fixture
def olga() -> User:
    return managed(OTHER)


@pytest.fixture
def stays(ada: User) -> SignUp:
    """Somebody signed up at shop.com, and has an address at firm.com by now."""
    return signed_up(UserFactory.create(tenant=ada.tenant, email=f"stays@{FIRM}"), SHOP)


@pytest.fixture
def goes(ada: User) -> SignUp:
    """The other way round."""
    return signed_up(UserFactory.create(tenant=ada.tenant, email=f"goes@{SHOP}"), FIRM)


@pytest.fixture
def usual(ada: User) -> SignUp:
    return signed_up(UserFactory.create(tenant=ada.tenant, email=f"usual@{SHOP}"), SHOP)


@pytest.fixture
def pending() -> SignUp:
    return SignUp.objects.create(
        address=f"new@{SHOP}", domain=SHOP, outcome="confirm", language="en"
    )


def handed_over(ada: User, olga: User) -> None:
    assert ada.tenant
    assert olga.tenant
    hand_over.offer(domain_name=SHOP, tenant=ada.tenant, to=olga.tenant, acting_user=ada)
    hand_over.accept(domain_name=SHOP, tenant=olga.tenant, acting_user=olga)


def test_a_hand_over_parts_people_from_their_domains_and_its_undo_brings_them_together(
    ada: User, olga: User, stays: SignUp, goes: SignUp, usual: SignUp, pending: SignUp
) -> None:
    rows = (stays, goes, usual, pending)
    assert [sees(ada, row) for row in rows] == [True] * 4
    handed_over(ada, olga)
    assert [sees(ada, row) for row in rows] == [False] * 4
    assert [sees(olga, row) for row in rows] == [False, False, True, True]
    assert_administrators_see_what_they_may()
    give_back.undo(domain_name=SHOP, acting_user=olga)
    assert [sees(ada, row) for row in rows] == [True] * 4
    assert [sees(olga, row) for row in rows] == [False] * 4
    assert_administrators_see_what_they_may()


def test_a_takeover_of_one_of_several_domains_leaves_the_others_people_behind(olga: User) -> None:
    shop = unmanaged(SHOP, people=2)
    Domain.objects.create(name="branch.com", tenant=shop)
    stays, goes = shop.users.order_by("email")
    Address.objects.filter(user=stays).update(
        address="stays@branch.com", domain=Domain.objects.get(name="branch.com")
    )
    User.objects.filter(pk=stays.pk).update(email="stays@branch.com")
    rows = [signed_up(stays, SHOP), signed_up(goes, SHOP), signed_up(goes, "branch.com")]
    proven(olga, SHOP)
    assert olga.tenant
    take_over.take_over(domain_name=SHOP, target=olga.tenant, acting_user=olga)
    assert [sees(olga, row) for row in rows] == [False, True, False]
    assert_administrators_see_what_they_may()
    # Once the other domain has followed they are all in one organisation.
    proven(olga, "branch.com")
    take_over.take_over(domain_name="branch.com", target=olga.tenant, acting_user=olga)
    assert [sees(olga, row) for row in rows] == [True] * 3
    assert_administrators_see_what_they_may()


def test_a_release_leaves_everybody_behind(
    ada: User, olga: User, stays: SignUp, goes: SignUp, usual: SignUp, pending: SignUp
) -> None:
    lost(DomainProof.objects.get(domain_name=SHOP), days=31)
    proven(olga, SHOP)
    release.release(domain_name=SHOP, reason="Sold.", acting_user=None)
    rows = (stays, goes, usual, pending)
    assert [sees(ada, row) for row in rows] == [False, True, False, False]
    assert [sees(olga, row) for row in rows] == [False, False, False, True]
    assert_administrators_see_what_they_may()


def removed(ada: User, row: SignUp) -> None:
    """Nobody has an address in shop.com any more."""
    assert ada.tenant
    domains.remove(domain_name=SHOP, tenant=ada.tenant, acting_user=ada)
    assert not sees(ada, row)
    assert_administrators_see_what_they_may()


def test_who_adds_a_removed_domain_does_not_read_who_signed_up_there_before(
    ada: User, olga: User, stays: SignUp
) -> None:
    removed(ada, stays)
    proven(olga, SHOP)
    assert holder(SHOP) == olga.tenant
    assert not sees(olga, stays)
    assert_administrators_see_what_they_may()


def test_who_gets_a_removed_domain_back_reads_them_again(ada: User, stays: SignUp) -> None:
    removed(ada, stays)
    proven(ada, SHOP)
    assert sees(ada, stays)
    assert_administrators_see_what_they_may()


def test_nor_does_an_organisation_that_begins_with_a_sign_up_there(
    ada: User, stays: SignUp
) -> None:
    removed(ada, stays)
    make_tenant(domain_name=SHOP, acting_user=None)
    assert_administrators_see_what_they_may()
    olga = UserFactory.create(tenant=holder(SHOP), email=f"olga@{SHOP}")
    proven(olga, SHOP)
    olga.refresh_from_db()
    assert olga.is_administrator
    assert not sees(olga, stays)


def test_an_address_that_changes_within_the_organisation_changes_nothing(
    ada: User, usual: SignUp
) -> None:
    assert usual.user
    flow_of_addresses.change_address(
        user=usual.user, address=parse(f"usual@{FIRM}"), keep_old=False, acting_user=ada
    )
    assert sees(ada, usual)
    assert_administrators_see_what_they_may()


def test_the_plan_that_a_link_adds_leaves_nobody_behind(ada: User) -> None:
    user = UserFactory.create(tenant=ada.tenant, email=f"person@{SHOP}")
    Tenant.objects.filter(users=user).update(allow_email_verified_users=False)
    row = SignUp.objects.create(
        address=f"person@{SHOP}", domain=SHOP, outcome="add_plan", language="en"
    )
    confirm.add_plan(sign_up=row, user=User.objects.get(pk=user.pk))
    assert sees(ada, row)
    assert_administrators_see_what_they_may()


def test_every_night_what_a_version_before_did_not_mark_is_marked(
    ada: User, olga: User, stays: SignUp, goes: SignUp, usual: SignUp
) -> None:
    handed_over(ada, olga)
    SignUp.objects.update(is_left_behind=False)
    purge_signups()
    assert_administrators_see_what_they_may()
    SignUp.objects.update(is_left_behind=True)
    assert mark_all() == 1
    assert mark_all() == 0
    assert_administrators_see_what_they_may()


def test_batches_reach_every_row(
    ada: User, stays: SignUp, goes: SignUp, usual: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("signup.left_behind.AT_ONCE", 2)
    SignUp.objects.update(is_left_behind=True)
    assert mark_all() == 3
    assert_administrators_see_what_they_may()
