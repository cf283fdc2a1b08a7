"""The database itself refuses to change or delete what was recorded; tests/test_audit_on_postgresql.py does so there."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from audit.exceptions import AuditLogIsAppendOnlyError
from audit.flows.chain import chain_pending
from audit.models import AuditEvent, ChainLink
from audit.services import record
from tests.past_triggers import TABLES, execute

pytestmark = pytest.mark.django_db
HOWEVER = ["UPDATE {table} SET {column} = {column}", "DELETE FROM {table}"]
BY_ENGINE = {
    "postgresql": ["TRUNCATE {table}"],
    "sqlite": ["INSERT OR REPLACE INTO {table} SELECT * FROM {table}"],
}


@pytest.fixture(autouse=True)
def a_row() -> AuditEvent:
    event = record(action="thing.made", subject="thing:1", tenant_id=None, acting_user=None)
    chain_pending()
    return event


@pytest.mark.parametrize("table", TABLES)
def test_statements_that_change_or_delete_rows_are_refused(table: str) -> None:
    column = "action" if table == "audit_auditevent" else "hash"
    for statement in HOWEVER + BY_ENGINE[connection.vendor]:
        with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
            execute(statement.format(table=table, column=column))
    assert ChainLink.objects.count() == AuditEvent.objects.count() == 1


def test_the_code_refuses_too(a_row: AuditEvent) -> None:
    link = ChainLink.objects.get()
    refused = (
        a_row.save,
        a_row.delete,
        link.save,
        link.delete,
        AuditEvent.objects.all().delete,
        lambda: ChainLink.objects.update(number=2),
    )
    for change in refused:
        with pytest.raises(AuditLogIsAppendOnlyError):
            change()
