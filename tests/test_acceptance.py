"""What somebody accepts is what the page showed them, not what is current when they press."""

from __future__ import annotations

import pytest
from django.test import Client

from signup.models import Acceptance, LegalDocument
from tenants.models import User
from tests.outbox import LocalInbox
from tests.walk import PASSWORD, SHOWN_DOCUMENT, ClientVisitor, ask, finish

pytestmark = pytest.mark.django_db
ANSWERS = {
    "first_name": "Anna",
    "last_name": "Ash",
    "password1": PASSWORD,
    "password2": PASSWORD,
}


@pytest.fixture
def visitor(client: Client) -> ClientVisitor:
    return ClientVisitor(client)


@pytest.fixture
def link(visitor: ClientVisitor) -> str:
    ask(visitor, "anna@walkers.com")
    return LocalInbox().mails_to("anna@walkers.com")[-1].link()


def publish_new_terms() -> None:
    LegalDocument.objects.create(kind="terms", version="2", title="Terms", text="New.")


def test_terms_that_changed_since_the_page_was_shown_are_shown_before_they_are_accepted(
    visitor: ClientVisitor, link: str
) -> None:
    shown = dict(SHOWN_DOCUMENT.findall(visitor.get(link).text))
    publish_new_terms()
    again = visitor.post(link, {**ANSWERS, **shown})
    assert again.status == 200
    assert "have changed" in again.text
    assert not User.objects.exists()
    shown = dict(SHOWN_DOCUMENT.findall(again.text))
    assert visitor.post(link, {**ANSWERS, **shown}).location == "/welcome/"
    assert set(Acceptance.objects.values_list("kind", "version")) == {
        ("terms", "2"),
        ("privacy", "1"),
    }


def test_who_was_shown_nothing_accepts_nothing(visitor: ClientVisitor, link: str) -> None:
    assert visitor.post(link, ANSWERS).status == 200
    assert not User.objects.exists()


def test_somebody_who_sees_the_new_terms_accepts_them(visitor: ClientVisitor, link: str) -> None:
    publish_new_terms()
    finish(visitor, link)
    assert Acceptance.objects.get(kind="terms").version == "2"
