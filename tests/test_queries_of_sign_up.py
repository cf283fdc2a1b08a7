"""How much a sign-up asks of the database: each query costs more than what it reads.

For one more there has to be a reason, and `make bench` before and after.
"""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from signup import domain_lists
from tenants import role_mailboxes
from tests.outbox import LocalInbox
from tests.walk import PASSWORD, SHOWN_DOCUMENT, ClientVisitor, ask

pytestmark = pytest.mark.django_db
TO_ASK = 10
TO_JOIN = 26
# With the rules for names of mailboxes, which are remembered for some seconds.
TO_BE_THE_FIRST = 33


@pytest.fixture(autouse=True)
def remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """For some seconds in the product; here for as long as a busy machine takes."""
    for module in (role_mailboxes, domain_lists):
        monkeypatch.setattr(module, "REMEMBERED", 3600.0)


def queries_to_finish(address: str) -> list[str]:
    """Those of *Start* alone, after the page was shown."""
    visitor = ClientVisitor(Client())
    ask(visitor, address)
    link = LocalInbox().mails_to(address)[-1].link()
    answers = dict(SHOWN_DOCUMENT.findall(visitor.get(link).text))
    answers |= {"first_name": "Robin", "last_name": "Recipient"}
    answers |= {"password1": PASSWORD, "password2": PASSWORD}
    with CaptureQueriesContext(connection) as captured:
        assert visitor.post(link, answers).location == "/welcome/"
    return [query["sql"] for query in captured]


def test_asking_takes_few_queries() -> None:
    queries_to_finish("first@walkers.com")
    with CaptureQueriesContext(connection) as captured:
        ask(ClientVisitor(Client()), "second@walkers.com")
    assert len(captured) <= TO_ASK, captured.captured_queries


def test_being_the_first_of_an_organisation_takes_few_queries() -> None:
    queries = queries_to_finish("first@walkers.com")
    assert len(queries) <= TO_BE_THE_FIRST, queries


def test_joining_an_organisation_takes_few_queries() -> None:
    queries_to_finish("first@walkers.com")
    queries = queries_to_finish("second@walkers.com")
    assert len(queries) <= TO_JOIN, queries
