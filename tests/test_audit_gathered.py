"""Audit rows of one transaction are added by one query, and none of what did not happen."""

from __future__ import annotations

import uuid

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from audit.models import AuditEvent
from audit.services import gathered, record

pytestmark = pytest.mark.django_db


def note(action: str) -> None:
    record(action=action, subject=f"thing:{uuid.uuid4()}", tenant_id=None, acting_user=None)


def note_and_fail(action: str) -> None:
    with transaction.atomic(), gathered():
        note(action)
        raise ZeroDivisionError


def actions() -> list[str]:
    return list(AuditEvent.objects.order_by("at").values_list("action", flat=True))


def test_all_rows_are_added_by_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1), gathered():
        note("thing.made")
        note("thing.changed")
    assert actions() == ["thing.made", "thing.changed"]


def test_rows_of_a_transaction_that_failed_are_forgotten() -> None:
    with pytest.raises(ZeroDivisionError):
        note_and_fail("thing.made")
    note("thing.changed")
    assert actions() == ["thing.changed"]


def test_rows_of_a_savepoint_that_was_rolled_back_are_forgotten() -> None:
    with gathered():
        note("thing.made")
        with pytest.raises(ZeroDivisionError):
            note_and_fail("thing.changed")
        with transaction.atomic(), gathered():
            note("thing.deleted")
    assert actions() == ["thing.made", "thing.deleted"]
