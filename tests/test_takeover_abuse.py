"""Many records, looks, offers and moves: what a rogue administrator can make us store, send and ask."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.looking import ALL_LOOKS, look
from audit.models import AuditEvent
from outbox.models import OutboxMail
from tenants.exceptions import TooManyRecords
from tenants.flows import give_back, hand_over, prove, take_over
from tenants.flows.prove import MOST_WAITING
from tenants.models import DomainHandOver, DomainProof, Takeover, Tenant, User
from tenants.takeover.allowed import MOST_MOVES
from tenants.takeover.limit_exceptions import MovedTooOften, TooManyOffers
from tests.domain_portal import ADD
from tests.factories import UserFactory
from tests.staff import administrator
from tests.takeovers import managed, proven, unmanaged

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]
FIRM, SHOP, OTHER = "firm.com", "shop.com", "other.com"


@pytest.fixture
def ada() -> User:
    return managed(FIRM)


def tenant_of(user: User) -> Tenant:
    assert user.tenant
    return user.tenant


def test_ten_thousand_records_are_not_asked_for(portal: Client, boss: User) -> None:
    for number in range(MOST_WAITING + 3):
        answer = portal.post(ADD, {"domain": f"domain{number}.com"})
    assert "records that you asked for wait" in answer.content.decode()
    assert DomainProof.objects.count() == MOST_WAITING
    assert AuditEvent.objects.filter(action="domain.proof_requested").count() == MOST_WAITING
    # The same one again is no new one; those that expired count no more.
    assert portal.post(ADD, {"domain": "domain0.com"}).status_code == 302
    with time_machine.travel(timezone.now() + prove.LIFE + dt.timedelta(minutes=1)):
        prove.request(domain_name="more.com", actor=boss, acting_user=boss)


def test_one_administrator_keeps_no_colleague_from_asking(ada: User) -> None:
    for number in range(MOST_WAITING):
        prove.request(domain_name=f"domain{number}.com", actor=ada, acting_user=ada)
    with pytest.raises(TooManyRecords):
        prove.request(domain_name="more.com", actor=ada, acting_user=ada)
    second = administrator(tenant_of(ada))
    prove.request(domain_name="more.com", actor=second, acting_user=second)
    prove.request(domain_name="by-command.com", actor=ada, acting_user=None)


def test_many_administrators_ask_foreign_servers_no_more_often_than_one_organisation_may(
    ada: User, sent: list[tuple[str, ...]]
) -> None:
    proof = prove.request(domain_name="victim.com", actor=ada, acting_user=ada)
    for number in range(10):
        somebody = UserFactory.create(
            tenant=ada.tenant, email=f"admin{number}@{FIRM}", role=User.Role.ADMINISTRATOR
        )
        for _ in range(8):
            look(proof, somebody)
    assert len(sent) == ALL_LOOKS.rates[0].number == 20


def test_colleagues_in_an_organisation_without_administrator_do_not_use_up_each_others_looks(
    sent: list[tuple[str, ...]],
) -> None:
    tenant = unmanaged(SHOP, people=4)
    for person in tenant.users.all():
        proof = prove.request(domain_name=SHOP, actor=person, acting_user=person)
        for _ in range(20):
            look(proof, person)
    assert len(sent) == 4 * 10


def test_offers_do_not_fill_somebody_elses_log(ada: User) -> None:
    olga = managed(OTHER)
    proven(ada, SHOP)

    def offer() -> None:
        hand_over.offer(
            domain_name=SHOP, tenant=tenant_of(ada), to=tenant_of(olga), acting_user=ada
        )
        hand_over.withdraw(domain_name=SHOP, tenant=tenant_of(ada), acting_user=ada)

    for _ in range(hand_over.MOST_A_DAY):
        offer()
    with pytest.raises(TooManyOffers):
        offer()
    assert DomainHandOver.objects.count() == hand_over.MOST_A_DAY
    with time_machine.travel(timezone.now() + dt.timedelta(days=1, minutes=1)):
        offer()


def test_taking_and_giving_back_is_no_way_to_send_mail(ada: User) -> None:
    """A mail to everybody each time it goes there, and back."""
    unmanaged(SHOP)

    def there_and_back() -> None:
        proven(ada, SHOP)
        take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=ada)
        give_back.undo(domain_name=SHOP, acting_user=ada)

    for _ in range(MOST_MOVES):
        there_and_back()
    told = OutboxMail.objects.filter(to_address=f"person0@{SHOP}").count()
    with pytest.raises(MovedTooOften):
        there_and_back()
    assert OutboxMail.objects.filter(to_address=f"person0@{SHOP}").count() == told
    assert told == 1 + 2 * MOST_MOVES  # proven once in 7 days, then taken and ended
    assert not Takeover.objects.filter(state="prepared").exists()
    # Whoever runs the service may; and a week later the organisation may again.
    take_over.take_over(domain_name=SHOP, target=tenant_of(ada), acting_user=None)
    give_back.undo(domain_name=SHOP, acting_user=ada)
    with time_machine.travel(timezone.now() + dt.timedelta(days=8)):
        there_and_back()


def test_two_who_hand_a_domain_to_each_other_stop_at_some_point(ada: User) -> None:
    olga = managed(OTHER)
    proven(ada, SHOP)
    givers = [ada, olga] * MOST_MOVES
    for giver, taker in pairwise(givers):
        hand_over.offer(
            domain_name=SHOP, tenant=tenant_of(giver), to=tenant_of(taker), acting_user=giver
        )
        if Takeover.objects.filter(kind="hand_over").count() == MOST_MOVES:
            with pytest.raises(MovedTooOften):
                hand_over.accept(domain_name=SHOP, tenant=tenant_of(taker), acting_user=taker)
            break
        hand_over.accept(domain_name=SHOP, tenant=tenant_of(taker), acting_user=taker)
    assert Takeover.objects.filter(kind="hand_over").count() == MOST_MOVES


def test_asking_by_several_accounts_mails_an_organisation_once_in_seven_days() -> None:
    tenant = unmanaged(SHOP, people=6)
    for _ in range(3):
        for person in tenant.users.all():
            prove.request(domain_name=SHOP, actor=person, acting_user=person)
    assert OutboxMail.objects.filter(kind="tenants.takeover").count() == 6
