"""Whatever people are allowed to write is text wherever the administration shows it, and no formula in its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import cast

import pytest
from django.contrib import admin
from django.db import IntegrityError, transaction
from django.db.models import CharField, Model, TextField
from django.test import Client
from django.urls import reverse

from audit.exporting import BEGINS_A_FORMULA
from audit.models import AuditEvent
from audit.scoped_admin import ScopedAdmin
from tenants.models import Tenant, User
from tests.factories import OperatorFactory
from tests.foreign import DOMAIN, make_all
from tests.staff import sign_in_fresh
from tests.test_acting_for import begin

pytestmark = [pytest.mark.django_db, pytest.mark.long]
TAG = "<zz>"
HOSTILE = f"=1+1{TAG}'\"&"
# What a program chose, or what is no text of people: an address, a name of a state, a time zone.
OURS = {
    *("id", "email", "address", "domain", "domain_name", "name_key", "to_address", "url", "kind"),
    *("state", "role", "result", "language", "creation_method", "admission", "decision", "outcome"),
    *("password", "secret", "service", "event_id", "section", "device", "source", "digest", "how"),
    *("sku", "subject", "action", "assignment", "value", "version", "request_id"),
}


@pytest.fixture
def rows() -> dict[type[Model], Model]:
    """A row for every page, whose every text is hostile."""
    rows = make_all()
    for model, row in rows.items():
        if model is AuditEvent or model._meta.proxy:
            continue
        hostile = {
            field.name: HOSTILE
            for field in model._meta.fields
            if isinstance(field, CharField | TextField)
            and field.name not in OURS
            and not field.primary_key
            and not field.choices
            and (field.max_length or 99) > len(HOSTILE)
        }
        if not hostile:
            continue
        # What the database refuses cannot be shown.
        with suppress(IntegrityError), transaction.atomic():
            model._default_manager.filter(pk=row.pk).update(**hostile)
    theirs = Tenant.objects.get(users__email=f"boss@{DOMAIN}")
    AuditEvent.objects.create(
        action=f"zz.{TAG}", subject=f"group:{TAG}", tenant_id=theirs.pk, details={TAG: HOSTILE}
    )
    return rows


@pytest.fixture
def boss(rows: dict[type[Model], Model]) -> User:
    return User.objects.get(email=f"boss@{DOMAIN}")


def shown(client: Client) -> Iterator[tuple[str, str]]:
    """Every list and every row of it that is open, and the pages beneath."""
    yield "/admin/", client.get("/admin/").content.decode()
    for model, page in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        answer = client.get(reverse(f"{name}_changelist"), follow=True)
        if answer.status_code != 200 or not isinstance(page, ScopedAdmin):
            continue
        yield name, answer.content.decode()
        for row in model._default_manager.all()[:5]:
            for beneath in ("change", "delete", "act", "addresses"):
                address = reverse(f"{name}_change", args=(row.pk,)).replace("change", beneath)
                page_of_row = client.get(address, follow=True)
                if page_of_row.status_code == 200:
                    yield address, page_of_row.getvalue().decode()


@pytest.mark.parametrize("who", ["administrator", "operator", "operator who acts"])
def test_no_page_takes_a_name_for_markup(client: Client, boss: User, who: str) -> None:
    sign_in_fresh(client, boss if who == "administrator" else OperatorFactory.create())
    if who == "operator who acts":
        assert begin(client, boss, f"Because of {HOSTILE}, case 1.") == 302
    escaped = 0
    for address, text in shown(client):
        assert TAG not in text, address
        escaped += text.count("&lt;zz&gt;")
    assert escaped > 10


def test_no_cell_of_any_file_is_a_formula(client: Client, boss: User) -> None:
    sign_in_fresh(client, OperatorFactory.create())
    hostile = 0
    for model, page in admin.site._registry.items():
        if not hasattr(page, "export_view"):
            continue
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_export"
        answer = cast("Iterable[bytes]", client.get(reverse(name)))
        table = csv.reader(io.StringIO(b"".join(answer).decode()))
        cells = [cell for line in table for cell in line]
        assert not [cell for cell in cells if cell.startswith(BEGINS_A_FORMULA)], model
        hostile += sum(HOSTILE in cell for cell in cells)
    assert hostile >= 5
