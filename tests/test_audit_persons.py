"""Personal values in the audit log: nobody reads them without the key of their person, and erasure destroys it."""

from __future__ import annotations

import json
import uuid

import pytest
from django.db import IntegrityError
from django.test import Client
from pytest_django.fixtures import Settings

from audit import persons
from audit.flows.chain import chain_pending
from audit.flows.verify import verify
from audit.models import AuditEvent, PersonKey
from audit.reading import readable
from audit.services import forget_person, record
from audit.tasks import chain_audit_log
from tenants.models import User
from tests.factories import OperatorFactory, UserFactory
from tests.tables import everything
from tests.test_commands import run

pytestmark = pytest.mark.django_db
SECRET_NAME = "Rumpelstilzchen"


@pytest.fixture
def anna() -> User:
    return UserFactory.create(first_name="Anna", last_name="Older")


def note(person_id: uuid.UUID) -> AuditEvent:
    return record(
        action="thing.named",
        subject="thing:1",
        tenant_id=None,
        acting_user=None,
        details={"size": 1},
        personal={"name": SECRET_NAME},
        person_id=person_id,
    )


def shown(event: AuditEvent) -> object:
    """The personal part of a row that is read from the database."""
    (entry,) = readable([AuditEvent.objects.get(id=event.id)])
    assert entry.details["size"] == 1
    return json.loads(json.dumps(entry.details["personal"], default=str))


def test_it_lies_encrypted_and_is_shown_readable(anna: User) -> None:
    event = note(anna.id)
    assert shown(event) == {"name": SECRET_NAME}
    assert not [table for table, rows in everything().items() if SECRET_NAME in str(rows)]


def test_after_erasure_nobody_reads_it_and_the_chain_still_verifies(anna: User) -> None:
    before, of_another = note(anna.id), note(uuid.uuid4())
    chain_pending()
    forget_person(person_id=anna.id, tenant_id=anna.tenant_id, acting_user=None)
    after = note(anna.id)
    assert shown(before) == shown(after) == "[erased]"
    assert shown(of_another) == {"name": SECRET_NAME}
    assert AuditEvent.objects.get(action="person.forgotten").subject == f"user:{anna.id}"
    chain_pending()
    assert list(verify()) == []
    assert PersonKey.objects.get(person_id=anna.id).wrapped == ""


def test_a_forgotten_person_has_no_key_and_others_have_one(anna: User) -> None:
    note(anna.id)
    with pytest.raises(IntegrityError, match="audit_forgotten_persons_have_no_key"):
        PersonKey.objects.update(wrapped="")


def test_keys_are_wrapped_under_the_newest_key_every_night(anna: User, settings: Settings) -> None:
    event = note(anna.id)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another-" * 8
    assert shown(event) == {"name": SECRET_NAME}
    chain_audit_log(everything=True)
    settings.SECRET_KEY_FALLBACKS = []
    assert shown(event) == {"name": SECRET_NAME}
    settings.SECRET_KEY = "lost-" * 12
    assert shown(event) == str(persons.UNREADABLE)
    assert persons.renew() == 0


def test_a_changed_name_is_in_the_log_of_its_organisation(anna: User) -> None:
    client = Client()
    client.force_login(anna)
    client.post("/account/", {"first_name": "Anna", "last_name": SECRET_NAME})
    assert anna.tenant
    domain = anna.tenant.domains.get().name
    (row,) = (
        row for row in run("get_admin_log", domain) if row["action"] == "user.profile_changed"
    )
    assert row["details"]["personal"] == {
        "before": {"first_name": "Anna", "last_name": "Older"},
        "after": {"first_name": "Anna", "last_name": SECRET_NAME},
    }
    operator = Client()
    operator.force_login(OperatorFactory.create())
    page = f"/admin/audit/auditevent/{row['id']}/change/"
    assert SECRET_NAME in operator.get(page).text
    forget_person(person_id=anna.id, tenant_id=anna.tenant_id, acting_user=None)
    shown_now = operator.get(page).text
    assert "[erased]" in shown_now
    assert SECRET_NAME not in shown_now
