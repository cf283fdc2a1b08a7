"""Importing as many accounts as a large organisation has."""

from __future__ import annotations

from pathlib import Path

import pytest

from outbox.models import OutboxMail
from tenants.models import Domain, User
from tests.factories import TenantFactory
from tests.test_commands import run
from tests.test_import_users import file_of

pytestmark = [pytest.mark.long, pytest.mark.django_db]


def test_five_thousand_rows_are_imported(tmp_path: Path) -> None:
    TenantFactory.create(name="walkers.com")
    Domain.objects.update(state=Domain.State.VERIFIED)
    people = (f"person{number}@walkers.com,P,Person" for number in range(5000))
    file = file_of(tmp_path, "email,first_name,last_name", *people)
    assert run("import_users", "walkers.com", file)["created"] == 5000
    assert (User.objects.count(), OutboxMail.objects.count()) == (5000, 5000)
