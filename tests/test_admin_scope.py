"""The walk: every page, action, field, filter and address of the administration, asked for with the rows of another
organisation. An administrator, a member and nobody find nothing of them and change nothing.

A page that is added takes part by itself; it fails until tests/foreign.py knows how to make a row for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urljoin

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.contrib.admin.sites import all_sites
from django.contrib.sessions.backends.db import SessionStore
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from audit.scope import of_all
from audit.scoped_admin import Scoped, ScopedAdmin
from tenants.admin.users import UserAdmin
from tenants.models import Tenant, User
from tests.admin_addresses import Rows, addresses
from tests.factories import TenantFactory, UserFactory
from tests.foreign import make_all, shows
from tests.staff import administrator, sign_in_fresh
from tests.tables import changed, everything

pytestmark = pytest.mark.django_db
# What a visit writes by itself.
OF_THE_VISIT = {
    "django_session",
    "usersessions_usersession",
    "audit_auditevent",
    "audit_personkey",
    "rms_portal_tally",
}
# So far an answer may lead.
LONGEST_WAY = 10
# No filter of ours compares like that. A regular expression can take for ever.
UNASKED = (
    "startswith",
    "contains",
    "regex",
    "iregex",
    "gt",
    "range",
    "exact__regex",
    "year__regex",
)


@pytest.fixture
def rows() -> Rows:
    return make_all()


@pytest.fixture
def boss(client: Client, rows: Rows) -> User:
    boss = administrator()
    UserFactory.create_batch(2, tenant=boss.tenant)
    sign_in_fresh(client, boss)
    return boss


def name_of(model: type[Model], page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


def lookups(model: type[Model]) -> Iterator[str]:
    """Every field, and every field of what is one relation away."""
    for field in model._meta.get_fields():
        yield field.name
        if field.is_relation and isinstance(field.related_model, type):
            for further in field.related_model._meta.get_fields():
                yield f"{field.name}__{further.name}"


def walk(client: Client, rows: Rows) -> list[str]:
    """Where something of theirs was seen or changed."""
    before = everything()
    found = list(seen(client, rows))
    touched = changed(before, everything()) - OF_THE_VISIT
    return [*found, *(f"changed: {table}" for table in touched)]


def seen(client: Client, rows: Rows) -> Iterator[str]:
    client.raise_request_exception = False
    yield from _seen_at_addresses(client, rows)
    yield from _seen_in_lists(client, rows)
    yield from _seen_in_fields(client)
    yield from _seen_after_actions(client, rows)


def _seen_at_addresses(client: Client, rows: Rows) -> Iterator[str]:
    known: set[str] = set()
    for address, key in addresses(rows):
        data = {"post": "yes", "_selected_action": str(key)}
        for asked in (client.get(address), client.post(address, data)):
            method = asked.request["REQUEST_METHOD"]
            if any(_is_seen(answer, key) for answer in _followed(client, asked, known)):
                yield f"{method} {address}"


def _is_seen(answer: Any, key: Any) -> bool:
    return answer.status_code >= 500 or shows(answer.getvalue().decode(errors="replace"), key)


def _followed(client: Client, answer: Any, known: set[str]) -> Iterator[Any]:
    """An answer, and where it leads to: once to each place, but for a place that says something anew."""
    yield answer
    for _ in range(LONGEST_WAY):
        if not 300 <= answer.status_code < 400:
            return
        place = urljoin(answer.request["PATH_INFO"], answer["Location"])
        says = answer.cookies.get(settings.MESSAGES_COOKIE_NAME)
        path = place.partition("?")[0] if "/login/" in place else place
        if path in known and not (says and says.value):
            return
        known.add(path)
        answer = client.get(place)
        yield answer
    pytest.fail(f"It leads on and on: {place}")


def _seen_in_lists(client: Client, rows: Rows) -> Iterator[str]:
    known: set[str] = set()
    for model, row in rows.items():
        page = reverse(name_of(model, "changelist"))
        for query in (
            "",
            "?q=zzf",
            "?q=new@zzf",
            f"?q={row.pk}",
            "?p=2",
            "?all=",
            "?o=1.-2",
            "?_popup=1",
        ):
            asked = client.get(page + query)
            if any(_is_seen(answer, row.pk) for answer in _followed(client, asked, known)):
                yield page + query


def _seen_in_fields(client: Client) -> Iterator[str]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if not field.is_relation:
                continue
            asked = {
                "app_label": model._meta.app_label,
                "model_name": str(model._meta.model_name),
                "field_name": field.name,
                "term": "",
            }
            answer = client.get(reverse("admin:autocomplete"), asked)
            if answer.status_code >= 500 or shows(answer.getvalue().decode(errors="replace")):
                yield f"autocomplete {asked}"


def _seen_after_actions(client: Client, rows: Rows) -> Iterator[str]:
    known: set[str] = set()
    for model in rows:
        page = admin.site._registry[model]
        for action in (*(page.actions or ()), "delete_selected"):
            chosen = {
                "action": str(action),
                "_selected_action": [str(rows[model].pk)],
            }
            asked = client.post(reverse(name_of(model, "changelist")), chosen)
            key = rows[model].pk
            if any(_is_seen(answer, key) for answer in _followed(client, asked, known)):
                yield f"{model._meta.label} {action}"


def test_an_administrator_finds_nothing_of_another_organisation(
    client: Client, rows: Rows, boss: User
) -> None:
    assert walk(client, rows) == []
    assert client.get("/admin/").status_code == 200


def test_an_action_for_the_whole_list_ends_at_the_own_organisation(
    client: Client, boss: User
) -> None:
    chosen = {"action": "disable", "_selected_action": [str(boss.pk)], "select_across": "1"}
    client.post(reverse("admin:tenants_user_changelist"), chosen)
    disabled = User.objects.filter(state="disabled")
    assert {user.tenant for user in disabled} == {boss.tenant}
    assert len(disabled) == 2


@pytest.mark.parametrize("who", ["member", "nobody"])
def test_nobody_else_finds_anything(client: Client, rows: Rows, who: str) -> None:
    if who == "member":
        client.force_login(UserFactory.create())
    assert walk(client, rows) == []


def test_an_administrator_sees_the_own_organisation(client: Client, boss: User) -> None:
    page = client.get(reverse("admin:tenants_user_changelist")).content.decode()
    for user in User.objects.filter(tenant=boss.tenant):
        assert str(user.email) in page
    opened = {
        model._meta.label
        for model in admin.site._registry
        if client.get(reverse(name_of(model, "changelist"))).status_code == 200
    }
    assert opened >= {"tenants.User", "tenants.DomainProof", "signup.SignUp", "audit.AuditEvent"}
    assert opened.isdisjoint({"outbox.OutboxMail", "tenants.DomainRule", "signup.LegalDocument"})


# Filters are questions too: what is not offered is not answered.


def test_a_list_is_filtered_by_nothing_but_what_it_offers(client: Client, boss: User) -> None:
    answered, asks = set(), _as(boss)
    for model, page in admin.site._registry.items():
        if not isinstance(page, ScopedAdmin) or page.reach is None:
            continue
        for lookup in lookups(model):
            answer = client.get(reverse(name_of(model, "changelist")), {lookup: "1"})
            if answer.status_code == 200:
                answered.add((model._meta.label, lookup))
            for comparison in UNASKED:
                assert not page.lookup_allowed(f"{lookup}__{comparison}", "1", asks)
            assert not page.lookup_allowed(lookup, "1\0", asks)
    offered = {
        (model._meta.label, lookup)
        for model, page in admin.site._registry.items()
        if isinstance(page, ScopedAdmin)
        for lookup in (*page._filtered_by(asks), *page.linked_lookups)
    }
    assert answered <= offered
    assert ("tenants.User", "state") in answered
    assert ("tenants.User", "password") not in answered
    assert not {lookup for _, lookup in answered if "tenant" in lookup}


def _as(user: User) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = user
    request.session = SessionStore()
    return request


# The walk would notice.


@pytest.mark.parametrize(
    "harm",
    [
        {"reach": staticmethod(of_all)},
        {"get_queryset": lambda self, request: User.objects.all()},
    ],
    ids=["reach of all rows", "rows past the scope"],
)
def test_the_walk_notices_a_page_that_shows_too_much(
    client: Client, rows: Rows, boss: User, monkeypatch: pytest.MonkeyPatch, harm: dict[str, Any]
) -> None:
    for name, value in harm.items():
        monkeypatch.setattr(UserAdmin, name, value)
    found = seen(client, {User: rows[User]})
    assert any("/admin/tenants/user/" in place for place in found)


def test_a_page_that_says_nothing_is_for_operators_alone(
    client: Client, boss: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(UserAdmin, "reach", None)
    monkeypatch.setattr(UserAdmin, "has_view_permission", lambda *_: True)
    assert client.get(reverse("admin:tenants_user_changelist")).status_code == 403
    assert client.get(reverse("admin:tenants_user_change", args=(boss.pk,))).status_code == 403


def test_every_page_and_everything_beneath_it_has_a_scope() -> None:
    (site,) = all_sites
    for model, page in site._registry.items():
        assert isinstance(page, ScopedAdmin), model
        for inline in page.inlines:
            assert issubclass(inline, Scoped), inline


def test_an_unmanaged_organisation_has_no_administration(client: Client) -> None:
    tenant = TenantFactory.create(state=Tenant.State.UNMANAGED)
    sign_in_fresh(client, administrator(tenant))
    assert client.get("/admin/", follow=True).status_code == 403
