"""Scanners that are a whole browser: headless Chromium with scripts on, as mail gateways run it."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from tests import browser as steps
from tests import walk
from tests.services.product import Product, embedded, running
from tests.services.waiting import PATIENCE
from tests.tables import Tables, changed

pytestmark = [pytest.mark.browser, pytest.mark.long]

BUTTONS = "button, input[type=submit], input[type=button], a[href]"
WORD = "robot@robots.com"
MOST_PRESSES = 300


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """Without a scheduler, whose work changes rows as well."""
    made = embedded(tmp_path_factory.mktemp("scanned"))
    made.commands = {name: made.commands[name] for name in ("web", "worker")}
    with running(made) as product:
        yield product


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with steps.chromium() as browser:
        yield browser


def everything(product: Product) -> Tables:
    """Every row of every table, none excepted."""
    path = Path(product.environment["VAR_DIR"]) / "db.sqlite3"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: frozenset(map(repr, database.execute(f'SELECT * FROM "{name}"')))  # noqa: S608
            for (name,) in tables
        }


def asked(product: Product, address: str) -> walk.Mail:
    visitor = walk.HttpVisitor(product.url)
    walk.ask(visitor, address)
    return walk.wait_for_mail(walk.DevMail(visitor), address)


def links_of(mail: walk.Mail) -> tuple[str, ...]:
    link = mail.link()
    return link, mail.link(walk.NOT_ME_LINK), link.replace("confirm", "renew")


def test_a_browser_that_opens_the_links_and_waits_changes_no_row(
    product: Product, chromium: Browser
) -> None:
    mail = asked(product, "anna@opened-walkers.com")
    before = everything(product)
    confirm, not_me, renew = links_of(mail)
    for link in (confirm, not_me):
        for _ in range(5):
            with closing(chromium.new_context()) as context:
                assert context.request.get(product.url + renew).url == product.url + confirm
                page = context.new_page()
                page.goto(product.url + link)
                page.mouse.move(100, 100)
                page.mouse.wheel(0, 2000)
                page.wait_for_load_state("networkidle")
                page.wait_for_timeout(500)
                assert page.url == product.url + link
    assert changed(before, everything(product)) == set()
    human = walk.HttpVisitor(product.url)
    assert walk.finish(human, mail.link()).location == "/welcome/"


def press_everything(page: Page, home: str, starts: tuple[str, ...], word: str) -> set[str]:
    """Breadth first: every button and link of every page, each field filled with `word`. Where it came."""
    waiting, seen, presses = deque(starts), set(starts), 0
    while waiting and presses < MOST_PRESSES:
        address = waiting.popleft()
        page.goto(home + address)
        for number in range(page.locator(BUTTONS).count()):
            came_to = press(page, home + address, number, word)
            presses += 1
            if came_to not in seen:
                seen.add(came_to)
                waiting.append(came_to)
    return seen


def press(page: Page, address: str, number: int, word: str) -> str:
    page.goto(address)
    for field in page.locator("input:visible:not([readonly])").all():
        if field.get_attribute("type") not in {"checkbox", "radio", "submit", "button"}:
            field.fill(word)
    found = page.locator(BUTTONS)
    if number < found.count():
        found.nth(number).evaluate("element => element.click()")
        page.wait_for_timeout(100)
        page.wait_for_load_state("networkidle")
    return urlsplit(page.url).path


@pytest.mark.parametrize("word", ["", WORD])
def test_a_browser_that_presses_every_button_takes_nothing_from_the_human(
    product: Product, chromium: Browser, word: str
) -> None:
    domain = f"pressed{len(word)}-walkers.com"
    mail = asked(product, f"anna@{domain}")
    with closing(chromium.new_context()) as context:
        context.set_default_timeout(1000 * PATIENCE)
        seen = press_everything(context.new_page(), product.url, links_of(mail)[:2], word)
    assert {"/signup/", "/accounts/login/", "/accounts/password/reset/"} <= seen
    rows = "".join(everything(product)["tenants_user"])
    assert domain not in rows
    assert "robots.com" not in rows
    human = walk.HttpVisitor(product.url)
    assert walk.finish(human, mail.link()).location == "/welcome/"
    assert f"anna@{domain}" in "".join(everything(product)["tenants_user"])
    assert f"anna@{domain}" not in "".join(everything(product)["signup_mailpause"])
