"""An administrator sends the administration what no page of it offers: junk, other people's ids in every field,
fields that no form has. The same on PostgreSQL: tests/test_hostile_administration_on_postgresql.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from audit.scoped_admin import ScopedAdmin
from tenants.models import Domain, Group, GroupMembership, Tenant, User
from tests.admin_addresses import PLACEHOLDER, patterns
from tests.factories import GroupFactory, OperatorFactory, SubscriptionFactory, UserFactory
from tests.foreign import DOMAIN, PLAN, WORD, make_all
from tests.staff import administrator, sign_in_fresh
from tests.tables import Tables, everything

pytestmark = pytest.mark.django_db
# What made errors, or might: PostgreSQL takes no NUL, no year -1 and no number of 23 digits.
JUNK = ("\0", "\ud800", "-1", "9" * 23, "2026-13-45", "x" * 3000)
FORM = "application/x-www-form-urlencoded"
OF_EVERY_LIST = ("q", "p", "o", "all", "e", "_popup", "_to_field", "_changelist_filters", "_facets")
COMPARED = ("exact", "gte", "year")


def pages() -> Iterator[tuple[type[Model], ScopedAdmin]]:
    for model, page in admin.site._registry.items():
        if isinstance(page, ScopedAdmin):
            yield model, page


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


@pytest.fixture
def boss(client: Client) -> User:
    boss = administrator()
    Domain.objects.update(state=Domain.State.VERIFIED)
    sign_in_fresh(client, boss)
    client.raise_request_exception = False
    return boss


def parameters(page: ScopedAdmin) -> Iterator[str]:
    yield from OF_EVERY_LIST
    for field in (*page.list_filter, *page.linked_lookups):
        if isinstance(field, str):
            yield from (f"{field}__{comparison}" for comparison in COMPARED)
        elif hasattr(field, "parameter_name"):
            yield str(field.parameter_name)


def junk_for(model: type[Model], page: ScopedAdmin) -> Iterator[str]:
    """Addresses of its list, of what lies beneath it, and of its export."""
    for junk in JUNK:
        typed = quote(junk, safe="", errors="surrogatepass")
        for parameter in parameters(page):
            yield f"{list_of(model)}?{quote(parameter)}={typed}"
        for beneath in ("change", "history", "delete"):
            yield f"{list_of(model)}{typed}/{beneath}/"
        yield f"{list_of(model)}export/?q={typed}&o={typed}&p={typed}"


@pytest.mark.long
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite takes almost anything.")
def test_junk_in_every_parameter_of_every_list_has_an_answer(client: Client, boss: User) -> None:
    """For an operator, to whom all pages are open."""
    sign_in_fresh(client, OperatorFactory.create())
    asked = [address for model, page in pages() for address in junk_for(model, page)]
    assert [one[:120] for one in asked if client.get(one).status_code >= 500] == []
    assert len(asked) > 1500


@pytest.mark.parametrize("junk", JUNK)
def test_junk_in_the_place_of_an_action_or_of_a_row_has_an_answer(
    client: Client, boss: User, junk: str
) -> None:
    typed = quote(junk, safe="", errors="surrogatepass")
    names = ("action", "_selected_action", "index", "select_across")
    chosen = "&".join(f"{name}={typed}" for name in names)
    for model, page in pages():
        if page.reach is not None:
            answer = client.post(list_of(model), chosen, content_type=FORM)
            assert answer.status_code < 500, model


def hidden(page: str) -> dict[str, str]:
    """What a form of the page sends along by itself."""
    found = re.findall(r'<input type="hidden" name="([\w-]+)" value="([^"]*)"', page)
    return {name: value for name, value in found if name != "csrfmiddlewaretoken"}


def own_rows(boss: User) -> dict[str, str]:
    """Of the own organisation, for addresses that name a row."""
    assert boss.tenant
    subscription = SubscriptionFactory.create(tenant=boss.tenant)
    return {
        "tenants/tenant": str(boss.tenant_id),
        "tenants/user": str(UserFactory.create(tenant=boss.tenant).pk),
        "tenants/group": str(GroupFactory.create(tenant=boss.tenant).pk),
        "tenants/domain": str(boss.tenant.domains.get().pk),
        "subscriptions/subscription": str(subscription.pk),
        "subscriptions/organisationplans": str(boss.tenant_id),
    }


def forms_of(boss: User) -> Iterator[str]:
    """Addresses of all forms of pages, with an own row where one is named."""
    own = own_rows(boss)
    for model, page in pages():
        here = f"{model._meta.app_label}/{model._meta.model_name}"
        key = own.get(here, "00000000-0000-0000-0000-000000000000")
        for route in patterns(page.get_urls(), f"/admin/{here}/"):
            if "(?P" not in route and not route.endswith(("/act/end/", "/history/")):
                yield PLACEHOLDER.sub(key, route.replace("<str:sku>", "ENTERPRISEPACK"))


TEXTS = (
    "name",
    "description",
    "reason",
    "typed",
    "first_name",
    "last_name",
    "domain",
    "to",
    "email",
)


def foreign_values(rows: dict[type[Model], Model]) -> dict[str, list[str]]:
    """For every name that some field has, their ids and their words."""
    ids = [str(row.pk) for row in rows.values()]
    user, group = rows[User], rows[Group]
    assert isinstance(user, User)
    assert isinstance(group, Group)
    names = {field.name for model in rows for field in model._meta.get_fields()}
    known: dict[str, list[str]] = {name: [str(user.pk)] for name in names}
    known |= {f"{name}_id": [str(user.tenant_id)] for name in names}
    known |= {name: [DOMAIN] for name in TEXTS}
    return known | {
        "tenant": [str(user.tenant_id)],
        "groups": [str(group.pk)],
        "inner": [group.name],
        "joining": [str(user.email)],
        "addresses": [f"new@{DOMAIN}"],
        "address": [str(user.email)],
        "plan": [PLAN],
        "sku": [PLAN],
        "instead_of": [PLAN],
        "use": ["keep"],
        "primary": [str(user.email)],
        "remove": [str(user.email)],
        "administrator": [str(user.pk)],
        "assignment": ["groups"],
        "_selected_action": ids,
        "select_across": ["1"],
        "role": ["operator"],
        "state": ["managed"],
        "is_superuser": ["1"],
        "is_staff": ["1"],
        "proven_at": ["2026-01-01"],
        "creation_method": ["sync"],
        "post": ["yes"],
        "step": ["do"],
        "units": ["5"],
        "months": ["12"],
        "_to_field": ["password"],
        "_popup": ["1"],
        "_save": ["1"],
        **{
            f"{formset}-{rest}": [value]
            for formset in ("addresses", "domains", "memberships", "lines", "events", "form")
            for rest, value in {
                "TOTAL_FORMS": "1",
                "INITIAL_FORMS": "1",
                "0-id": ids[0],
                "0-user": str(user.pk),
                "0-tenant": str(user.tenant_id),
                "0-address": str(user.email),
                "0-DELETE": "on",
            }.items()
        },
    }


@pytest.mark.long
def test_foreign_ids_in_every_field_of_every_form_reach_nothing(client: Client, boss: User) -> None:
    rows = make_all()
    theirs = Tenant.objects.get(name=WORD)
    sent = foreign_values(rows)
    before, asked = everything(), 0
    for address in forms_of(boss):
        own = hidden(client.get(address, follow=True).getvalue().decode(errors="replace"))
        for left_out in ((), ("use", "_to_field", "_popup", "step")):
            form = {name: value for name, value in sent.items() if name not in left_out}
            answer = client.post(address, {**form, **own}, follow=True)
            assert answer.status_code < 500, address
            asked += 1
    assert asked > 100
    assert User.objects.filter(tenant=theirs).count() == 2
    assert not GroupMembership.objects.filter(
        user__tenant=theirs, group__tenant=boss.tenant
    ).exists()
    assert not User.objects.filter(tenant=boss.tenant).exclude(role="member").exclude(pk=boss.pk)
    assert of_theirs(before, theirs) == of_theirs(everything(), theirs)


def of_theirs(tables: Tables, theirs: Tenant) -> dict[str, set[str]]:
    """The rows that have one of their ids or words in them, but for what the log says was refused."""
    ids = [theirs.pk, *User.objects.filter(tenant=theirs).values_list("pk", flat=True)]
    marks = [WORD, *(str(one) for one in ids), *(one.hex for one in ids)]
    return {
        table: {row for row in rows if any(mark in row for mark in marks)}
        for table, rows in tables.items()
        if table not in {"django_session", "audit_auditevent"}
    }
