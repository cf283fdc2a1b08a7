"""What somebody learns of other organisations by asking for their domains: nothing before they have a right to it."""

from __future__ import annotations

import pytest
from django.test import Client

from subscriptions.models import Plan
from tenants.flows import hand_over, take_over
from tenants.models import Domain, DomainHandOver, Group, Tenant, User
from tenants.models.group import key_of
from tests.domain_portal import DOMAINS, page
from tests.factories import GroupFactory, SubscriptionFactory, UserFactory
from tests.german import visible
from tests.takeovers import lost, managed, proven, unmanaged

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]


def told_of(portal: Client, domain: str) -> str:
    return visible(page(portal, f"{DOMAINS}take-over/{domain}/")).replace(domain, "DOMAIN")


def test_a_domain_without_organisation_and_one_that_nobody_administers_look_the_same(
    portal: Client, firm: Tenant
) -> None:
    assert told_of(portal, "firm.com") == told_of(portal, "void.com")
    adding = [
        portal.post(f"{DOMAINS}add/", {"domain": name}).status_code
        for name in ("firm.com", "void.com")
    ]
    assert adding == [302, 302]
    for name in ("firm.com", "void.com"):
        shown = page(portal, f"{DOMAINS}?q={name}")
        assert "signed up already" not in shown


def test_sub_domains_where_people_signed_up_are_told_to_who_has_proven_the_one_above(
    portal: Client, boss: User
) -> None:
    unmanaged("secret.contoso.com")
    domain = Domain.objects.get(name="contoso.com")
    there = f"{DOMAINS}{domain.pk}/change/"
    assert "secret" not in page(portal, there)
    proof = proven(boss, "contoso.com")
    assert "secret.contoso.com" in page(portal, there)
    lost(proof, days=1)
    assert "secret" not in page(portal, there)
    assert boss.tenant
    assert take_over.sweepable(parent="contoso.com", target=boss.tenant) == []


def test_offering_a_domain_tells_nothing_of_who_gets_it(
    portal: Client, boss: User, neighbour: tuple[User, Client]
) -> None:
    other, there = neighbour
    secret = GroupFactory.create(tenant=other.tenant, name="Lay-offs")
    SubscriptionFactory.create(tenant=other.tenant, plan=Plan.objects.get(sku="AIP_PREMIUM_P1"))
    proven(boss, "neu.com")
    assert boss.tenant
    held = Domain.objects.get(name="neu.com")
    guess = Group.objects.create(tenant=boss.tenant, name=secret.name, name_key=key_of(secret.name))
    guess.addresses.create(address="lay-offs@neu.com", domain=held, is_primary=True)
    preview = f"{DOMAINS}{held.pk}/offer/?to=near.com"
    same = visible(page(portal, preview))
    assert "1 group goes along" in same
    assert "is taken" not in same
    secret.delete()
    assert visible(page(portal, preview)) == same
    GroupFactory.create(tenant=other.tenant, name="Lay-offs")
    portal.post(preview, {"typed": "neu.com"})
    # Whoever is to accept it reads of it.
    offer = DomainHandOver.objects.get()
    assert "Lay-offs is taken: it becomes" in page(there, f"{DOMAINS}offered/{offer.pk}/")


def test_a_preview_names_and_counts_nobody_before_the_proof(portal: Client, boss: User) -> None:
    tenant = unmanaged("firm.com")
    UserFactory.create_batch(7, tenant=tenant)
    GroupFactory.create(tenant=tenant, name="Lay-offs")
    for path in ("take-over/firm.com/", "add/", ""):
        shown = page(portal, DOMAINS + path)
        assert "Lay-offs" not in shown
        assert "10 accounts" not in shown
        assert "person0" not in shown
    proven(boss, "firm.com")
    assert "10 accounts go along" in page(portal, f"{DOMAINS}take-over/firm.com/")


def test_a_strangers_name_of_who_asked_is_not_told_beyond_their_organisation(
    portal: Client, boss: User, neighbour: tuple[User, Client]
) -> None:
    """Both see the journal of a hand-over; each sees names of its own people."""
    other, there = neighbour
    proven(boss, "neu.com")
    assert boss.tenant
    assert other.tenant
    hand_over.offer(domain_name="neu.com", tenant=boss.tenant, to=other.tenant, acting_user=boss)
    takeover = hand_over.accept(domain_name="neu.com", tenant=other.tenant, acting_user=other)
    journal = f"/admin/tenants/takeover/{takeover.pk}/change/"
    assert str(other) in page(there, journal)
    assert str(other) not in page(portal, journal)


def test_who_owns_a_domain_is_nobodys_business_without_signing_in(client: Client) -> None:
    unmanaged("firm.com")
    managed("shop.com")
    for path in ("take-over/firm.com/", "take-over/shop.com/", "take-over/void.com/", "add/"):
        answer = client.get(DOMAINS + path)
        assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (
            302,
            "/admin/login/",
        )
