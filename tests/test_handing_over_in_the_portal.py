"""Handing a domain over in the browser: one offers it, the other accepts or declines."""

from __future__ import annotations

import pytest
from django.test import Client

from tenants.models import Domain, DomainHandOver, Takeover, Tenant, User
from tests.domain_portal import DOMAINS, done_by_a_worker, offered, page, takeover_page
from tests.staff import administrator, sign_in_fresh
from tests.takeovers import proven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]


def test_a_domain_is_handed_over_by_consent_of_both(
    portal: Client,
    boss: User,
    neighbour: tuple[User, Client],
    sent: list[tuple[str, ...]],
) -> None:
    other, there = neighbour
    domain = offered(portal, boss)
    assert "It is offered to another organisation" in page(portal, f"{DOMAINS}{domain.pk}/change/")
    domain.refresh_from_db()
    assert domain.tenant == boss.tenant
    offer = DomainHandOver.objects.get()
    assert f"{DOMAINS}offered/{offer.pk}/" in page(there, DOMAINS)
    assert "neu.com is offered to you until" in page(there, "/admin/")
    assert "is offered to you" not in page(portal, "/admin/")
    pressed = there.post(f"{DOMAINS}offered/{offer.pk}/", {"typed": "neu.com"})
    assert pressed.headers["Location"] == takeover_page(Takeover.objects.get(kind="hand_over"))
    assert "data-waits-at" in page(there, pressed.headers["Location"])
    done_by_a_worker(sent)
    domain.refresh_from_db()
    assert domain.tenant == other.tenant


@pytest.mark.parametrize("who", ["giver", "taker"])
def test_an_offer_can_be_ended_by_either(
    portal: Client, boss: User, neighbour: tuple[User, Client], who: str
) -> None:
    domain = offered(portal, boss)
    offer = DomainHandOver.objects.get()
    if who == "giver":
        portal.post(f"{DOMAINS}{domain.pk}/withdraw/")
    else:
        neighbour[1].post(f"{DOMAINS}offered/{offer.pk}/decline/")
    offer.refresh_from_db()
    assert offer.state == ("withdrawn" if who == "giver" else "declined")
    assert neighbour[1].get(f"{DOMAINS}offered/{offer.pk}/").status_code == 404


def test_a_third_one_neither_sees_nor_answers_an_offer(
    portal: Client, boss: User, neighbour: tuple[User, Client]
) -> None:
    offered(portal, boss)
    offer = DomainHandOver.objects.get()
    stranger = administrator()
    third = sign_in_fresh(Client(), stranger)
    assert "neu.com" not in page(third, DOMAINS)
    for name in ("", "decline/"):
        answer = third.post(f"{DOMAINS}offered/{offer.pk}/{name}", {"typed": "neu.com"})
        assert answer.status_code == 404
    offer.refresh_from_db()
    assert offer.state == "offered"


@pytest.mark.parametrize("to", ["firm.com", "nobody.com"])
def test_offering_does_not_tell_which_organisations_nobody_administers(
    portal: Client, boss: User, firm: Tenant, to: str
) -> None:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    shown = page(portal, f"{DOMAINS}{domain.pk}/offer/?to={to}")
    assert "No organisation with administrators has this domain" in shown
