"""The pages about domains and takeovers, in German."""

from __future__ import annotations

import pytest
from django.test import Client

from tenants.flows import prove
from tenants.models import Domain, Tenant, User
from tests.domain_portal import ADD, DOMAINS, TAKE, prove_page, taken_over, takeover_page
from tests.german import english_in, visible
from tests.staff import sign_in_fresh
from tests.takeovers import proven

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sent")]


def content(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    text = answer.content.decode()
    return visible(text[text.index('id="content"') : text.index('id="footer"')])


def test_the_pages_speak_german(boss: User, firm: Tenant) -> None:
    german = sign_in_fresh(Client(headers={"accept-language": "de"}), boss)
    proof, held = proven(boss, "firm.com"), Domain.objects.get(name="contoso.com")
    waiting = prove.request(domain_name="neu.com", actor=boss, acting_user=boss)
    takeover = taken_over(sign_in_fresh(Client(), boss))
    for path in (
        DOMAINS,
        ADD,
        prove_page(proof),
        prove_page(waiting),
        f"{DOMAINS}{held.pk}/change/",
        f"{DOMAINS}{held.pk}/offer/",
        f"{DOMAINS}{held.pk}/remove/",
        TAKE,
        takeover_page(takeover),
        takeover_page(takeover, "undo"),
    ):
        assert english_in(content(german, path)) == [], path
