"""An administrator's day in headless Chromium: a leaver is disabled, a switch flipped, the log read; and a file of new
colleagues is imported while one looks on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, ViewportSize

from tests import browser as steps
from tests import walk
from tests.browser import PHONE, Visit
from tests.second_factors import SECRET, shown_code
from tests.services.product import Product, embedded, running
from tests.walk import PASSWORD

pytestmark = pytest.mark.browser
LONG = pytest.mark.long

Visits = Callable[..., Visit]
USERS, LOG = "/admin/tenants/user/", "/admin/audit/auditevent/"
DESKTOP = ViewportSize(width=1280, height=900)
SCREENS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": DESKTOP},
    "dark": {"viewport": DESKTOP, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
}
HAND_OVER = """
from tenants.models import Domain, Tenant, User
from tests.second_factors import set_up_app
boss = User.objects.get(email="{address}")
Tenant.objects.filter(pk=boss.tenant_id).update(state="managed")
Domain.objects.filter(tenant=boss.tenant_id).update(state="verified")
User.objects.filter(pk=boss.pk).update(role="administrator")
set_up_app(boss)
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(embedded(tmp_path_factory.mktemp("administrator"))) as product:
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


def administrator_of(product: Product, domain: str) -> str:
    address = f"bea@{domain}"
    sign_up(product, address)
    product.manage("shell", "-c", HAND_OVER.format(address=address))
    return address


def enter(visit: Visit, address: str) -> None:
    visit.open("/accounts/login/?next=/admin/")
    visit.fill(visit.find("input[name=login]"), address)
    visit.fill(visit.find("input[name=password]"), PASSWORD)
    visit.press(visit.find(f"{steps.SIGN_IN_FORM} button:not(#passkey_login)"))
    visit.fill(visit.find("input[name=code]"), shown_code(secret=SECRET))
    visit.press(visit.find("main form button").first)
    visit.stands_on("/admin/", "administration")


@pytest.mark.parametrize(
    "screen", ["desktop", *(pytest.param(name, marks=LONG) for name in ("dark", "phone"))]
)
def test_a_leaver_is_disabled_a_switch_flipped_and_the_log_read(
    product: Product, visits: Visits, screen: str
) -> None:
    domain = f"{screen}.contoso.com"
    boss, leaver = administrator_of(product, domain), f"leo@{domain}"
    sign_up(product, leaver)
    visit = visits(**SCREENS[screen])
    enter(visit, boss)
    visit.open(f"{USERS}?q=leo")
    visit.stands_on(USERS, "users")
    visit.press(visit.find("#result_list a", has_text=leaver))
    visit.stands_on(USERS, "user")
    visit.press(visit.find(".row-actions button[value=disable]"))
    visit.stands_on(USERS, "disabled")
    assert visit.find(".messagelist .success").count() == 1
    visit.open("/admin/tenants/tenant/")
    visit.stands_on("/admin/tenants/tenant/", "my organisation")
    visit.find("input[name=allow_ad_hoc_subscriptions]").uncheck()
    visit.press(visit.find("input[name=_save]"))
    visit.stands_on("/admin/tenants/tenant/", "switch flipped")
    assert not visit.find("input[name=allow_ad_hoc_subscriptions]").is_checked()
    visit.open(LOG)
    visit.stands_on(LOG, "log")
    log = visit.find("#result_list").inner_text()
    assert "user.disabled" in log
    assert "tenant.settings_changed" in log
    assert f"user: {leaver}" in log
    assert boss in log
    page = walk.ask(walk.HttpVisitor(product.url), f"new@{domain}")
    assert page.status == 200


@pytest.mark.parametrize("has_script", [True, pytest.param(False, marks=LONG)])
def test_a_file_of_colleagues_is_imported_while_one_looks_on(
    product: Product, visits: Visits, has_script: bool
) -> None:
    domain = f"{'with' if has_script else 'without'}-script.contoso.com"
    boss = administrator_of(product, domain)
    visit = visits(viewport=DESKTOP, java_script_enabled=has_script)
    visit.axe = has_script
    enter(visit, boss)
    visit.open("/admin/signup/userimport/add/")
    visit.stands_on("/admin/signup/userimport/", "import")
    rows = "\n".join(f"person{number}@{domain}" for number in range(40))
    content = f"email\n{rows}\nno address".encode()
    table = FilePayload(name="people.csv", mimeType="text/csv", buffer=content)
    visit.find("input[name=file]").set_input_files(table)
    visit.press(visit.find("input[type=submit].default"))

    visit.settle()
    assert "41 of 41" in visit.page.inner_text(".import")
    visit.stands_on("/admin/signup/userimport/", "imported")
    assert "no address" in visit.find(".import table").inner_text()
