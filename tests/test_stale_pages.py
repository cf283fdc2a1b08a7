"""The world changed between the page and the press: what is done is what the page said, or nothing."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tenants.flows import give_back, hand_over, take_over
from tenants.models import Domain, Takeover, Tenant, User
from tests.domain_portal import (
    DOMAINS,
    TAKE,
    done_by_a_worker,
    page,
    taken_over,
    takeover_page,
)
from tests.factories import GroupFactory
from tests.staff import administrator
from tests.takeovers import holder, lost, proven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]
FIRM, NEAR = "firm.com", "near.com"


def seen_on(html: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', html)
    assert found
    return found[1]


def retaken(boss: User) -> Takeover:
    """Undone and taken again, in another tab."""
    assert boss.tenant
    give_back.undo(domain_name=FIRM, acting_user=boss)
    proven(boss, FIRM)
    return take_over.take_over(domain_name=FIRM, target=boss.tenant, acting_user=boss)


def test_the_page_of_an_earlier_takeover_undoes_no_later_one(
    portal: Client, boss: User, firm: Tenant
) -> None:
    proven(boss, FIRM)
    first = taken_over(portal)
    later = retaken(boss)
    refused = portal.post(takeover_page(first, "undo"), {"typed": FIRM})
    assert "no takeover of firm.com that can be undone" in refused.content.decode()
    assert holder(FIRM) == boss.tenant
    assert Takeover.objects.get(pk=later.pk).state == Takeover.State.DONE


@pytest.mark.parametrize("name", ["stop", "waive", "undo"])
def test_operators_decide_about_the_takeover_that_they_look_at(
    portal: Client,
    boss: User,
    firm: Tenant,
    operator: Client,
    neighbour: tuple[User, Client],
    name: str,
) -> None:
    """Meanwhile the domain was handed on, by consent of both."""
    proven(boss, FIRM)
    first = taken_over(portal)
    other, _ = neighbour
    assert boss.tenant
    assert other.tenant
    hand_over.offer(domain_name=FIRM, tenant=boss.tenant, to=other.tenant, acting_user=boss)
    later = hand_over.accept(domain_name=FIRM, tenant=other.tenant, acting_user=other)
    fields = {"typed": FIRM, "reason": "They called us."}
    assert operator.post(takeover_page(first, name), fields).status_code == 200
    later.refresh_from_db()
    assert (later.state, later.waived_at) == (Takeover.State.DONE, None)
    assert holder(FIRM) == other.tenant


def test_a_takeover_that_collides_otherwise_by_now_is_read_again(
    portal: Client, boss: User, firm: Tenant
) -> None:
    proven(boss, FIRM)
    seen = seen_on(page(portal, TAKE))
    for tenant in (firm, boss.tenant):
        GroupFactory.create(tenant=tenant, name="Sales")
    refused = portal.post(TAKE, {"typed": FIRM, "seen": seen})
    assert "changed since you opened the page" in refused.content.decode()
    assert not Takeover.objects.exists()
    again = seen_on(refused.content.decode())
    assert portal.post(TAKE, {"typed": FIRM, "seen": again}).status_code == 302


def test_a_domain_is_released_to_whom_the_page_named(
    boss: User, operator: Client, neighbour: tuple[User, Client], sent: list[tuple[str, ...]]
) -> None:
    other, _ = neighbour
    lost(proven(boss, "neu.com"), days=31)
    proven(other, "neu.com")
    there = f"{DOMAINS}{Domain.objects.get(name='neu.com').pk}/release/"
    seen = seen_on(page(operator, there))
    late = administrator()
    proven(late, "neu.com")
    fields = {"typed": "neu.com", "reason": "Sold.", "seen": seen}
    assert "changed since" in operator.post(there, fields).content.decode()
    assert sent == []
    assert holder("neu.com") == boss.tenant


def test_pressed_twice_is_done_once(
    portal: Client, boss: User, firm: Tenant, sent: list[tuple[str, ...]]
) -> None:
    proven(boss, FIRM)
    for _ in range(2):
        portal.post(TAKE, {"typed": FIRM})
    assert Takeover.objects.count() == len(sent) == 1
    done_by_a_worker(sent)
    undo = takeover_page(Takeover.objects.get(), "undo")
    for _ in range(2):
        portal.post(undo, {"typed": FIRM})
    assert len(sent) == 1
    done_by_a_worker(sent)
    assert portal.post(undo, {"typed": FIRM}).status_code == 200
    assert holder(FIRM) == firm
