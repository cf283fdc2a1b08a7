"""Of another organisation's people an administrator learns no name, also where both have the same row in sight."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tenants.flows import hand_over
from tenants.models import Domain, Takeover, User
from tests.factories import OperatorFactory
from tests.staff import sign_in_fresh
from tests.takeovers import managed

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada() -> User:
    ada = managed("walkers.com")
    assert ada.tenant
    Domain.objects.create(name="shop.com", tenant=ada.tenant)
    return ada


def handed_over(ada: User, to: User, *, accepted_by: User | None = None) -> Takeover:
    assert ada.tenant
    assert to.tenant
    hand_over.offer(domain_name="shop.com", tenant=ada.tenant, to=to.tenant, acting_user=ada)
    who = accepted_by or to
    return hand_over.accept(domain_name="shop.com", tenant=to.tenant, acting_user=who)


def page(who: User, takeover: Takeover) -> str:
    client = sign_in_fresh(Client(), who)
    return client.get(
        reverse("admin:tenants_takeover_change", args=(takeover.pk,))
    ).content.decode()


def test_who_gave_a_domain_does_not_read_who_took_it(ada: User) -> None:
    olga = managed("runners.com")
    takeover = handed_over(ada, olga)
    assert str(olga.email) not in page(ada, takeover)
    assert "somebody of another organisation" in page(ada, takeover)
    assert str(olga.email) in page(olga, takeover)
    assert str(olga.email) in page(OperatorFactory.create(), takeover)


def test_an_operator_is_named_to_both(ada: User) -> None:
    olga, operator = managed("runners.com"), OperatorFactory.create()
    takeover = handed_over(ada, olga, accepted_by=operator)
    for who in (ada, olga):
        assert str(operator.email) in page(who, takeover)
