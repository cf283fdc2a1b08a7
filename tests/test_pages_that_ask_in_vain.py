"""Who opens a page that asks for something that cannot be done reads why at once, and types nothing in vain."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tenants.flows import give_back
from tenants.models import Domain, Takeover, Tenant, User
from tests.domain_portal import page, taken_over, takeover_page
from tests.factories import UserFactory
from tests.takeovers import proven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]
FIRM = "firm.com"
FIELD = 'name="typed"'


def test_a_takeover_that_was_undone_is_not_undone_again(
    portal: Client, boss: User, firm: Tenant
) -> None:
    proven(boss, FIRM)
    takeover = taken_over(portal)
    assert FIELD in page(portal, takeover_page(takeover, "undo"))
    give_back.undo(domain_name=FIRM, acting_user=boss)
    undone = page(portal, takeover_page(takeover, "undo"))
    assert FIELD not in undone
    assert "no takeover of firm.com that can be undone" in undone
    assert takeover_page(takeover, "change") in undone


@pytest.mark.parametrize("name", ["stop", "waive"])
def test_operators_are_told_at_once_as_well(
    portal: Client, boss: User, firm: Tenant, operator: Client, name: str
) -> None:
    proven(boss, FIRM)
    takeover = taken_over(portal)
    assert FIELD in page(operator, takeover_page(takeover, name))
    give_back.undo(domain_name=FIRM, acting_user=boss)
    assert FIELD not in page(operator, takeover_page(takeover, name))


def test_a_domain_in_use_is_not_offered_for_removal(portal: Client, boss: User) -> None:
    proven(boss, "shop.com")
    assert boss.tenant
    domain = Domain.objects.get(name="shop.com")
    remove = reverse("admin:tenants_domain_remove", args=(domain.pk,))
    assert FIELD in page(portal, remove)
    UserFactory.create(tenant=boss.tenant, email="seller@shop.com")
    refused = page(portal, remove)
    assert FIELD not in refused
    assert "1 address lies in shop.com" in refused


def test_the_steps_of_a_takeover_are_for_whoever_runs_the_service(
    portal: Client, boss: User, firm: Tenant, operator: Client
) -> None:
    proven(boss, FIRM)
    takeover: Takeover = taken_over(portal)
    assert "field-steps_done" in page(operator, takeover_page(takeover, "change"))
    assert "field-steps_done" not in page(portal, takeover_page(takeover, "change"))
