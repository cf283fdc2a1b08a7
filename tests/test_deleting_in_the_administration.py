"""Who deletes reads what will be gone, what stays, and whether it comes back; where nothing is deleted, nobody is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from audit.admin import ReadOnlyAdmin
from audit.models import AuditEvent
from audit.scope import EVERYTHING, KEPT_AS
from audit.scoped_admin import ScopedAdmin
from signup.models import WelcomeItem
from tenants.models import DomainRule, Group, MailboxRule, User
from tests.factories import OperatorFactory
from tests.staff import sign_in_fresh

pytestmark = pytest.mark.django_db


@pytest.fixture
def operator(client: Client) -> Client:
    return sign_in_fresh(client, OperatorFactory.create())


def deletable() -> dict[str, ScopedAdmin]:
    request = RequestFactory().get("/")
    request.user = OperatorFactory.create()
    request.META[KEPT_AS] = EVERYTHING
    return {
        model._meta.label: page
        for model, page in admin.site._registry.items()
        if isinstance(page, ScopedAdmin) and page.has_delete_permission(request)
    }


def test_every_page_that_lets_rows_be_deleted_says_what_that_means() -> None:
    found = deletable()
    assert set(found) == {
        "tenants.DomainRule",
        "tenants.Group",
        "tenants.MailboxRule",
        "signup.WelcomeItem",
    }
    silent = [name for name, page in found.items() if not page.deleting_means]
    assert silent == [Group._meta.label]  # its own page says it, with what hangs on the group


def test_who_has_no_way_to_delete_is_not_offered_one(operator: Client) -> None:
    asked = "delete_selected"
    for model, page in admin.site._registry.items():
        if isinstance(page, ReadOnlyAdmin):
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
            assert asked not in operator.get(reverse(name)).content.decode(), name


ROWS: dict[str, tuple[Callable[[], Model], tuple[str, ...]]] = {
    "tenants_domainrule": (
        lambda: DomainRule.objects.create(domain="xn--mnchen-3ya.example", decision="block"),
        ("Delete the domain rule münchen.example: block", "The shipped lists decide"),
    ),
    "tenants_mailboxrule": (
        lambda: MailboxRule.objects.create(name="pressroom", decision="role"),
        ("pressroom", "The shipped list decides", "stay as they are"),
    ),
    "signup_welcomeitem": (
        lambda: WelcomeItem.objects.create(
            section="guide", title="A guide", language="en", url="https://example.com/", position=9
        ),
        ("A guide", "gone from the welcome page", "not kept", "is not shown"),
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_one_row(operator: Client, name: str) -> None:
    make, words = ROWS[name]
    row = make()
    there = reverse(f"admin:{name}_delete", args=(row.pk,))
    page = operator.get(there).content.decode()
    for said in words:
        assert said in page
    assert "Are you sure" not in page
    operator.post(there, {"post": "yes"})
    assert not type(row)._default_manager.filter(pk=row.pk).exists()
    assert AuditEvent.objects.exists()


def test_several_rows(operator: Client) -> None:
    for name in ("one.com", "two.com"):
        DomainRule.objects.create(domain=name, decision="block")
    chosen = [str(row.pk) for row in DomainRule.objects.all()]
    fields = {"action": "delete_selected", "_selected_action": chosen}
    there = reverse("admin:tenants_domainrule_changelist")
    page = operator.post(there, fields).content.decode()
    assert "The shipped lists decide" in page
    assert "one.com" in page
    assert "two.com" in page
    assert DomainRule.objects.count() == 2
    operator.post(there, fields | {"post": "yes"})
    assert not DomainRule.objects.exists()
    assert User.objects.count() == 1
