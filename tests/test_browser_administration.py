"""Every page of the administration in headless Chromium, for both kinds of staff: on a desktop and on a phone, light and
dark, no wider than the screen, without an axe-core violation, and without a complaint of the browser; so is each form
that was sent empty.

A page that is added is looked at by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import Browser, ViewportSize

from tests import browser as steps
from tests.browser import PHONE, ColorScheme, Visit
from tests.services.product import Product, embedded, running

pytestmark = [pytest.mark.browser, pytest.mark.long]

DESKTOP = ViewportSize(width=1280, height=900)
# Each width and each scheme with axe-core: what it finds hangs on the one or on the other, not on both together.
LOOKS: tuple[tuple[ViewportSize, ColorScheme], ...] = ((DESKTOP, "light"), (PHONE, "dark"))
# Colours fade where the scheme changes: contrast is measured after that.
FADED = "document.getAnimations().forEach(animation => animation.finish())"
# A list scrolls within itself on a phone. On a desktop all its columns are there.
CUT_OFF = (
    "[...document.querySelectorAll('.results')].some(list => list.scrollWidth > list.clientWidth)"
)
SEND = "#content :is(input[type=submit].default, .asked-actions button)"
ONLY_FOR_OPERATORS = {"outbox.outboxmail", "tenants.domainrule", "signup.legaldocument"}


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(embedded(tmp_path_factory.mktemp("administration"))) as product:
        yield product


@pytest.fixture(scope="module")
def staff(product: Product) -> dict[str, Any]:
    told = product.manage("shell", "-c", "from tests.admin_addresses import tell; tell()")
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with steps.chromium() as browser:
        yield browser


def complaints_of(visit: Visit, name: str) -> list[str]:
    """All pages are looked at, also after one that is wrong."""
    try:
        visit.check(name)
        is_wide = visit.page.viewport_size == DESKTOP
        assert not (is_wide and visit.page.evaluate(CUT_OFF)), f"{name}: columns are cut off."
    except AssertionError as complaint:
        visit.complaints.clear()
        return [str(complaint)]
    return []


@pytest.mark.parametrize("who", ["operator", "administrator"])
def test_every_page_of_the_administration_is_whole(
    product: Product, chromium: Browser, staff: dict[str, Any], who: str
) -> None:
    context = chromium.new_context()
    session = {"name": "session", "value": staff[who]["session"], "url": product.url}
    context.add_cookies([session])  # type: ignore[list-item]
    visit = Visit(context, product.url, axe=True)
    wrong = []
    for address in staff[who]["pages"]:
        visit.open(address)
        for viewport, scheme in LOOKS:
            visit.page.set_viewport_size(viewport)
            visit.page.emulate_media(color_scheme=scheme)
            visit.page.evaluate(FADED)
            wrong += complaints_of(visit, f"{address}, {viewport['width']} px, {scheme}")
        if address.endswith("/add/"):
            visit.press(visit.find(SEND).first)
            assert visit.find(".errorlist").count(), f"{address} takes an empty form."
            wrong += complaints_of(visit, f"{address}, sent empty")
    context.close()
    assert not wrong, "\n\n".join(wrong)


def test_the_walk_comes_to_every_list(staff: dict[str, Any]) -> None:
    lists = {
        model._meta.label_lower: reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"
        )
        for model in admin.site._registry
    }
    assert set(lists.values()) <= set(staff["operator"]["pages"])
    seen_by_administrators = {
        name for name, address in lists.items() if address in staff["administrator"]["pages"]
    }
    assert {"tenants.user", "tenants.domain", "audit.auditevent"} <= seen_by_administrators
    assert seen_by_administrators.isdisjoint(ONLY_FOR_OPERATORS)
