"""Journeys of plans in headless Chromium: a trial is started, bought, lapses, and the organisation is back on the
free plan; what a colleague meets who signs up before, meanwhile and afterwards. The operator has a billing system told
of it, confirms the order, and sees what was told.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, ViewportSize

from tests import browser as steps
from tests import walk
from tests.browser import PHONE, Visit
from tests.second_factors import shown_code
from tests.services.product import Product, embedded, running
from tests.services.waiting import until
from tests.walk import PASSWORD

pytestmark = pytest.mark.browser

Visits = Callable[..., Any]
PLANS = "/admin/subscriptions/organisationplans/"
ORDERS = "/admin/subscriptions/order/"
SUBMIT = ".form-page input[type=submit]"
WEBHOOKS, EVENTS, DELIVERIES = (
    f"/admin/feed/{name}/" for name in ("endpoint", "event", "delivery")
)
P1 = "AIP_PREMIUM_P1"
DESKTOP = ViewportSize(width=1280, height=900)
HAND_OVER = """
from tenants.models import Tenant, User
from tests.second_factors import set_up_app
boss = User.objects.get(email="{address}")
Tenant.objects.filter(pk=boss.tenant_id).update(state="managed")
User.objects.filter(pk=boss.pk).update(role="administrator")
set_up_app(boss)
"""
OPERATOR = """
from tests.factories import OperatorFactory
from tests.second_factors import set_up_app
set_up_app(OperatorFactory.create(email="{address}"))
"""
# The clock of an organisation's plans goes on by so many days: its dates lie so much earlier.
DAYS_LATER = """
from datetime import timedelta
from subscriptions.models import Subscription
for one in Subscription.objects.filter(tenant__name="{name}", plan__is_free=False):
    for field in ("started_at", "trial_ends_at", "ends_at"):
        if getattr(one, field):
            setattr(one, field, getattr(one, field) - timedelta(days={days}))
    one.save()
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(embedded(tmp_path_factory.mktemp("plans"))) as product:
        yield product


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with steps.chromium() as browser:
        yield browser


@pytest.fixture
def visits(product: Product, chromium: Browser) -> Iterator[Visits]:
    with ExitStack() as stack:

        def visit(**context: Any) -> Visit:
            made = chromium.new_context(**context)
            stack.callback(made.close)
            return Visit(made, product.url, axe=True)

        yield visit


def sign_up(product: Product, address: str) -> None:
    visitor = walk.HttpVisitor(product.url)
    walk.sign_up(visitor, walk.DevMail(visitor), address)


def enter(visit: Visit, address: str, page: str = PLANS) -> None:
    """Signs in with password and code, and opens the page."""
    visit.open(f"/accounts/login/?next={page}")
    visit.fill(visit.find("input[name=login]"), address)
    visit.fill(visit.find("input[name=password]"), PASSWORD)
    visit.press(visit.find(f"{steps.SIGN_IN_FORM} button:not(#passkey_login)"))
    visit.fill(visit.find("input[name=code]"), shown_code())
    visit.press(visit.find("main form button").first)
    visit.stands_on(page, "where they wanted to")


def act(visit: Visit, action: str) -> None:
    """On the only row of a list of the administration."""
    visit.find("input[name=_selected_action]").first.check()
    visit.find("select[name=action]").select_option(action)
    visit.press(visit.find("button[name=index]"))


def make_webhook(visit: Visit, address: str) -> None:
    """Its secret is shown once, and a new one when it is turned."""
    visit.open(WEBHOOKS)
    visit.stands_on(WEBHOOKS, "no webhook yet")
    visit.press(visit.find(f".object-tools a[href^='{WEBHOOKS}add/']"))
    visit.stands_on(f"{WEBHOOKS}add/", "a new webhook")
    visit.fill(visit.find("input[name=url]"), "https://10.0.0.1/")
    visit.press(visit.find(SUBMIT))
    visit.stands_on(f"{WEBHOOKS}add/", "not there")
    visit.fill(visit.find("input[name=url]"), address)
    visit.press(visit.find(SUBMIT))
    visit.stands_on(f"{WEBHOOKS}add/", "its secret")
    first = visit.find("dd code").inner_text()
    visit.open(WEBHOOKS)
    visit.stands_on(WEBHOOKS, "one webhook")
    assert first not in visit.page.content()
    act(visit, "rotate_secrets")
    visit.stands_on(WEBHOOKS, "whether to give a new one")
    visit.press(visit.find(SUBMIT))
    visit.stands_on(f"{WEBHOOKS}new-secret/", "its new secret")
    assert visit.find("dd code").inner_text() != first


def confirm_order(visit: Visit, name: str) -> None:
    """From the organisation's plans: *Decide* leads to the order that waits, and to no other."""
    visit.open(f"{PLANS}?q={name}")
    visit.press(visit.find("#result_list tbody th a").first)
    visit.stands_on(PLANS, "an organisation's plans")
    visit.press(visit.find(f"#content-main a[href^='{ORDERS}']").first)
    visit.stands_on(ORDERS, "orders that wait")
    act(visit, "confirm")
    visit.stands_on(ORDERS, "confirmed")


def see_what_was_told(visit: Visit) -> None:
    def has_rows(page: str) -> bool:
        """A worker makes what is to be delivered of what happened."""
        visit.open(page)
        return visit.find("#result_list tbody th a").count() > 0

    for page in (WEBHOOKS, EVENTS, DELIVERIES):
        until(partial(has_rows, page), what=f"a row of {page}")
        visit.stands_on(page, "a list of the feed")
        visit.press(visit.find("#result_list tbody th a").first)
        visit.stands_on(page, "a row of the feed")


def carry_out(visit: Visit, kind: str, sku: str, **fields: str) -> None:
    """The form, what would change, and done."""
    visit.press(visit.find(f"a[href$='/{kind}/{sku}/']").first)
    visit.check(f"{kind}: form")
    for name, value in fields.items():
        field = visit.find(f"[name={name}]").first
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            visit.fill(field, value)
    visit.press(visit.find("button[name=step]"))
    visit.check(f"{kind}: what changes")
    visit.press(visit.find("button[name=step][value=do]"))
    visit.stands_on(PLANS, f"{kind}: done")


def later(product: Product, name: str, days: int) -> None:
    product.manage("shell", "-c", DAYS_LATER.format(name=name, days=days))


def colleague(visits: Visits, address: str) -> str:
    """Where somebody who types an address to sign up gets to."""
    visit = visits()
    visit.open("/signup/")
    visit.fill(visit.find("input[name=email]"), address)
    visit.press(visit.find(f"{steps.SIGN_UP_FORM} button"))
    visit.check("a colleague signs up")
    return str(visit.path)


def state(product: Product, name: str) -> str:
    """Of the plan that was tried."""
    rows = json.loads(product.manage("list_subscriptions", name, "--json"))
    return str(next(row["state"] for row in rows if row["plan"] == P1))


@pytest.mark.parametrize(
    ("name", "context"),
    [
        ("light.com", {"viewport": DESKTOP}),
        pytest.param(
            "dark.com",
            {"viewport": PHONE, "color_scheme": "dark", "locale": "de-DE"},
            marks=pytest.mark.long,
        ),
    ],
)
def test_a_trial_is_started_bought_and_lapses_back_to_the_free_plan(
    product: Product, visits: Visits, name: str, context: dict[str, Any]
) -> None:
    boss = f"ada@{name}"
    sign_up(product, boss)
    product.manage("shell", "-c", HAND_OVER.format(address=boss))
    assert colleague(visits, f"before@{name}") == "/signup/check-your-mail/"
    visit = visits(**context)
    enter(visit, boss)
    carry_out(visit, "try", P1, units="5")
    assert state(product, name) == "trial"
    assert colleague(visits, f"during@{name}") == "/accounts/login/"
    carry_out(visit, "order", P1, units="6", months="12")
    operator = visits(**context)
    clerk = f"ina@{name.partition('.')[0]}.internal"
    product.manage("shell", "-c", OPERATOR.format(address=clerk))
    enter(operator, clerk, "/admin/")
    make_webhook(operator, f"https://billing.{name}/hooks")
    confirm_order(operator, name)
    see_what_was_told(operator)
    visit.open(PLANS)
    visit.stands_on(PLANS, "bought")
    assert state(product, name) == "active"
    assert colleague(visits, f"bought@{name}") == "/accounts/login/"
    later(product, name, 30 + 366)
    visit.open(PLANS)
    visit.stands_on(PLANS, "in grace")
    assert state(product, name) == "grace"
    assert colleague(visits, f"grace@{name}") == "/accounts/login/"
    later(product, name, 31)
    visit.open(PLANS)
    visit.stands_on(PLANS, "lapsed")
    assert state(product, name) == "suspended"
    assert colleague(visits, f"after@{name}") == "/signup/check-your-mail/"
    carry_out(visit, "cancel", P1)
    assert state(product, name) == "cancelled"
    assert "RIGHTSMANAGEMENT_ADHOC" in product.manage("list_subscriptions", name)
