"""The walk in headless Chromium, as one helper with variations.

A `Visit` is somebody in front of a browser. Each page they come to must be whole: asked of no other
host, without a complaint in the console, no wider than the screen, without an axe-core violation.
Elements are named by what they do, not by their words, so that every language takes the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Locator,
    Page,
    Request,
    Response,
    ViewportSize,
    sync_playwright,
)

from tests.services import programs
from tests.services.waiting import PATIENCE, until
from tests.walk import PASSWORD

ColorScheme = Literal["light", "dark"]
PHONE = ViewportSize(width=375, height=700)
SMALLEST = ViewportSize(width=320, height=640)  # WCAG 2.2, 1.4.10: reflow
MOST_TABS = 60
# No sandbox: containers and root have none to offer, and the pages are our own.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
# A mail has no landmarks: it is shown inside the page of a mail program.
MAIL_RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}

SIGN_UP_FORM = "form[action='/signup/']"
SIGN_IN_FORM = "form[action='/accounts/login/']"
SIGN_OUT_FORM = "form[action='/accounts/logout/']"
PROVE_FORM = "form[action='/accounts/reauthenticate/']"
TOKEN_FORM = "main form"
IS_SETTLED = """
    document.readyState === "complete" && !document.querySelector("[data-waits-at]")
"""
RIGHT_TO_LEFT = """
    addEventListener("DOMContentLoaded", () => { document.documentElement.dir = "rtl" })
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    program = programs.need("Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=list(ARGUMENTS), timeout=1000 * PATIENCE
        )
        yield browser
        browser.close()


@dataclass
class Visit:
    """With a mouse, on a screen of the context's size. `looks` is called with each page's name."""

    context: BrowserContext
    url: str
    axe: bool = False
    looks: list[Callable[[str, Page], None]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    last: Response | None = None

    def __post_init__(self) -> None:
        self.context.set_default_timeout(1000 * PATIENCE)
        self.context.on("request", self._must_be_own)
        self.context.on("console", self._must_be_silent)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.context.on("response", self._remember)
        self.page = self.context.new_page()

    def _must_be_own(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme != "data" and parts.netloc != urlsplit(self.url).netloc:
            self.complaints.append(f"asks another host: {request.url}")

    def _must_be_silent(self, message: ConsoleMessage) -> None:
        is_status = "the server responded with a status" in message.text
        if is_status and message.location["url"] in {self.page.url, f"{self.url}/favicon.ico"}:
            return  # `stands_on` checks the page's own status; nobody links to that icon.
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console: {message.text}")

    def _remember(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self.last = response

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def fill(self, field: Locator, text: str) -> None:
        field.fill(text)

    def press(self, button: Locator) -> None:
        """Follows a link or sends a form, and waits for the page that comes."""
        with self.page.expect_navigation(wait_until="load"):
            button.click()

    def settle(self) -> None:
        """Waits until the page has stopped asking a worker for news, and is there as a whole."""
        until(self._is_settled, what=f"the end of what {self.path} waits for")

    def _is_settled(self) -> bool:
        try:
            return bool(self.page.evaluate(IS_SETTLED))
        except Error:  # it has just made room for the next one
            return False

    def find(self, selector: str, *, has_text: str | None = None) -> Locator:
        return self.page.locator(selector, has_text=has_text)

    def stands_on(self, path: str, name: str, *, status: int = 200) -> None:
        """Is on the page at `path`, and it is whole."""
        assert self.path.startswith(path), f"{self.path}: {self.page.inner_text('body')}"
        assert self.last is not None
        assert self.last.status == status, f"{name}: {self.last.status}"
        self.check(name)

    def check(self, name: str, *, rules: dict[str, Any] | None = None) -> None:
        for look in self.looks:
            look(name, self.page)
        assert overflow(self.page) <= 0, f"{name} is {overflow(self.page)} px too wide."
        if self.axe:
            # Preloading what style sheets import would write style into the page, which its policy forbids.
            options = {"resultTypes": ["violations"], "preload": False, **(rules or {})}
            results = Axe().run(self.page, options=options)
            assert not results.violations_count, f"{name}: {results.generate_report()}"
        assert not self.complaints, f"{name}: {self.complaints}"


class KeyboardVisit(Visit):
    """Never touches the mouse: every element is reached with Tab, and shows that it was."""

    def fill(self, field: Locator, text: str) -> None:
        self._reach(field)
        self.page.keyboard.press("Control+A")
        self.page.keyboard.type(text)

    def press(self, button: Locator) -> None:
        self._reach(button)
        with self.page.expect_navigation(wait_until="load"):
            self.page.keyboard.press("Enter")

    def _reach(self, element: Locator) -> None:
        for _ in range(MOST_TABS):
            if element.evaluate("element => element === document.activeElement"):
                break
            self.page.keyboard.press("Tab")
        else:
            raise AssertionError(f"Tab does not reach {element} on {self.path}.")
        assert element.evaluate(
            "element => ['outlineStyle', 'boxShadow']"
            ".some(name => getComputedStyle(element)[name] !== 'none')"
        ), f"Nothing shows that {element} has the focus."


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window; in both reading directions."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def prove(visit: Visit) -> None:
    """Gives the password once more, as everything asks that changes how somebody signs in."""
    visit.stands_on("/accounts/reauthenticate/", "password once more")
    visit.fill(visit.find("input[name=password]"), PASSWORD)
    visit.press(visit.find(f"{PROVE_FORM} button"))


# --- The walk ----------------------------------------------------------------------------------------


def ask(visit: Visit, address: str) -> None:
    visit.open("/signup/")
    visit.stands_on("/signup/", "sign up")
    visit.fill(visit.find("input[name=email]"), address)
    visit.press(visit.find(f"{SIGN_UP_FORM} button"))
    visit.stands_on("/signup/check-your-mail/", "check your mail")
    assert address in visit.page.inner_text("main")


def open_mail(visit: Visit, address: str, *, number: int = 1) -> None:
    """Opens the newest of `number` mails to `address`, as a mail program shows it."""
    visit.press(visit.find("main a[href='/dev/mail/']"))
    mails = visit.find("main li", has_text=address)

    def are_there() -> bool:
        if mails.count() < number:
            visit.press(visit.find("main .actions a[href='/dev/mail/']"))
        return mails.count() == number

    until(are_there, what=f"a mail to {address}")
    visit.stands_on("/dev/mail/", "inbox")
    visit.press(mails.first.locator("a"))
    visit.stands_on("/dev/mail/", "mail as text")
    visit.press(visit.find("a[href$='/html/']"))
    visit.check("mail", rules=MAIL_RULES)


def confirm(visit: Visit) -> None:
    """*Yes, that's me*"""
    visit.press(visit.find("a[href*='/signup/confirm/']").first)
    visit.stands_on("/signup/confirm/", "one last thing")


def finish(visit: Visit) -> None:
    for name, text in (("first_name", "Robin"), ("last_name", "Recipient")):
        visit.fill(visit.find(f"input[name={name}]"), text)
    for name in ("password1", "password2"):
        visit.fill(visit.find(f"input[name={name}]"), PASSWORD)
    visit.press(visit.find(f"{TOKEN_FORM} button"))
    visit.stands_on("/welcome/", "welcome")


def sign_out(visit: Visit) -> None:
    visit.press(visit.find("header a[href='/accounts/logout/']"))
    visit.stands_on("/accounts/logout/", "sign out")
    visit.press(visit.find(f"{SIGN_OUT_FORM} button"))
    visit.stands_on("/signup/", "signed out")


def sign_in(visit: Visit, address: str) -> None:
    visit.press(visit.find("main a[href^='/accounts/login/']"))
    visit.stands_on("/accounts/login/", "sign in")
    visit.fill(visit.find("input[name=login]"), address)
    visit.fill(visit.find("input[name=password]"), PASSWORD)
    visit.press(visit.find(f"{SIGN_IN_FORM} button:not(#passkey_login)"))
    visit.stands_on("/welcome/", "welcome again")


def walk(visit: Visit, address: str) -> None:
    """All of it: a stranger signs up, stands on the welcome page, leaves and comes back."""
    ask(visit, address)
    open_mail(visit, address)
    confirm(visit)
    finish(visit)
    sign_out(visit)
    sign_in(visit, address)
