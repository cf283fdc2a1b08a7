"""Domains that nobody uses are removed, and lost ones released, in the browser."""

from __future__ import annotations

import pytest
from django.test import Client

from audit.models import AuditEvent
from tenants.models import Domain, User
from tests.domain_portal import DOMAINS, done_by_a_worker, page
from tests.takeovers import lost, proven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]


def test_a_domain_without_addresses_can_be_removed(portal: Client, boss: User) -> None:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    remove = f"{DOMAINS}{domain.pk}/remove/"
    assert remove in page(portal, f"{DOMAINS}{domain.pk}/change/")
    portal.post(remove, {"typed": "neu.com"})
    assert not Domain.objects.filter(name="neu.com").exists()
    assert AuditEvent.objects.get(action="domain.removed").actor_id == boss.pk


def test_a_domain_in_use_says_what_to_do_first(portal: Client, boss: User) -> None:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="contoso.com")
    remove = f"{DOMAINS}{domain.pk}/remove/"
    assert remove not in page(portal, f"{DOMAINS}{domain.pk}/change/")
    refused = portal.post(remove, {"typed": "contoso.com"})
    assert "1 address lies in contoso.com. Change or release it first" in refused.content.decode()


def test_an_operator_releases_a_domain_that_was_lost(
    boss: User,
    operator: Client,
    neighbour: tuple[User, Client],
    sent: list[tuple[str, ...]],
) -> None:
    other, _ = neighbour
    lost(proven(boss, "neu.com"), days=31)
    proven(other, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    there = f"{DOMAINS}{domain.pk}/release/"
    assert there in page(operator, f"{DOMAINS}{domain.pk}/change/")
    assert "goes to near.com" in page(operator, there)
    operator.post(there, {"typed": "neu.com", "reason": "The company was sold."})
    done_by_a_worker(sent)
    domain.refresh_from_db()
    assert domain.tenant == other.tenant
    assert neighbour[1].get(there).status_code == 403


def test_a_domain_whose_proof_holds_is_not_released(boss: User, operator: Client) -> None:
    proven(boss, "neu.com")
    domain = Domain.objects.get(name="neu.com")
    there = f"{DOMAINS}{domain.pk}/release/"
    assert there not in page(operator, f"{DOMAINS}{domain.pk}/change/")
    assert "cannot be released" in page(operator, there)
