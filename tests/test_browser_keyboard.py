"""An administrator's day by keyboard alone, in headless Chromium: a leaver is disabled, a switch flipped, the log read, a
domain's proof asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests import browser as steps
from tests.browser import ColorScheme, Visit
from tests.services.product import Product, embedded, running
from tests.test_browser_administrator import LOG, USERS, administrator_of, enter, sign_up

pytestmark = pytest.mark.browser
ADD_DOMAIN = "/admin/tenants/domain/add/"
MOST_STOPS = 150
STOP = """() => {
    const here = document.activeElement, ring = getComputedStyle(here), box = here.getBoundingClientRect();
    return {
        tag: here.tagName,
        words: here.innerText || here.value || here.ariaLabel || here.id,
        isSeen: ring.outlineStyle === "solid" && parseFloat(ring.outlineWidth) >= 3 && box.width > 0,
        isBefore: Boolean(document.querySelector("#content")?.compareDocumentPosition(here) & 2),
    };
}"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(embedded(tmp_path_factory.mktemp("keyboard"))) as product:
        yield product


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with steps.chromium() as browser:
        yield browser


def stops(page: Page) -> list[dict[str, Any]]:
    """All that Tab comes to, from the page's beginning until it leaves the page, or begins anew."""
    found: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop["tag"] == "BODY" or stop in found[:1]:
            return found
        found.append(stop)
    raise AssertionError(f"Tab never leaves {page.url}: a trap.")


def look(visit: Visit, path: str) -> None:
    visit.open(path)
    found = stops(visit.page)
    assert found[0]["words"] == "Skip to main content", path
    assert [stop["words"] for stop in found if not stop["isSeen"]] == [], path
    # What stands before the content comes before it, and nothing goes back to it.
    first = next(place for place, stop in enumerate(found) if not stop["isBefore"])
    assert [stop["words"] for stop in found[first:] if stop["isBefore"]] == [], path
    visit.open(path)
    visit.page.keyboard.press("Tab")
    visit.page.keyboard.press("Enter")
    visit.page.keyboard.press("Tab")
    assert visit.page.evaluate("document.activeElement.closest('main') !== null"), path


def go_to(visit: Visit, selector: str) -> None:
    for _ in range(MOST_STOPS):
        visit.page.keyboard.press("Tab")
        if visit.page.evaluate("asked => document.activeElement.matches(asked)", selector):
            return
    raise AssertionError(f"Tab never comes to {selector} on {visit.page.url}.")


def press_enter(visit: Visit) -> None:
    with visit.page.expect_navigation():
        visit.page.keyboard.press("Enter")


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_an_administrators_day_by_keyboard_alone(
    product: Product, chromium: Browser, scheme: ColorScheme
) -> None:
    domain = f"{scheme}.contoso.com"
    boss = administrator_of(product, domain)
    sign_up(product, f"leo@{domain}")
    context = chromium.new_context(color_scheme=scheme)
    visit = Visit(context, product.url)
    enter(visit, boss)
    visit.open(f"{USERS}?q=leo")
    go_to(visit, "#result_list tbody th a")
    press_enter(visit)
    user = visit.page.url.removeprefix(product.url)
    go_to(visit, ".row-actions button[value=disable]")
    press_enter(visit)
    assert visit.find(".messagelist .success").count() == 1
    visit.open("/admin/tenants/tenant/")
    organisation = visit.page.url.removeprefix(product.url)
    go_to(visit, "input[name=allow_ad_hoc_subscriptions]")
    visit.page.keyboard.press("Space")
    go_to(visit, "input[name=_save]")
    press_enter(visit)
    visit.open(organisation)
    assert not visit.find("input[name=allow_ad_hoc_subscriptions]").is_checked()
    visit.open(ADD_DOMAIN)
    go_to(visit, "#id_domain")
    visit.page.keyboard.type("no domain")
    press_enter(visit)
    at = "document.activeElement.matches('.errornote, [aria-invalid=true]')"
    assert visit.page.evaluate(at), "The focus is not where the error is."
    visit.page.keyboard.press("Control+A")
    visit.page.keyboard.type(f"new-{domain}")
    press_enter(visit)
    assert "rms-verification=" in visit.page.content()
    for path in ("/admin/", USERS, user, organisation, LOG, ADD_DOMAIN):
        look(visit, path)
    context.close()
