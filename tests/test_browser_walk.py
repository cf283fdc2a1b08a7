"""The walk in headless Chromium, against the processes of an embedded installation."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests import browser as steps
from tests import walk
from tests.browser import KeyboardVisit, Visit
from tests.services.product import Product, embedded, running
from tests.services.waiting import until

pytestmark = pytest.mark.browser

Visits = Callable[..., Any]
ACCOUNT_PAGES = {
    "account": "/account/",
    "change of password": "/accounts/password/change/",
    "second factors": "/accounts/2fa/",
    "keys": "/accounts/2fa/webauthn/",
    "sessions": "/accounts/sessions/",
}
# They ask once more who one is.
LEAVING = {"download of the data": "/account/export/", "closing": "/account/close/"}
ENGLISH_HEADINGS = {"Check your mail", "Inbox of this machine", "One last thing …", "Sign in"}
PICTURED = ("sign up", "check your mail", "mail", "one last thing", "welcome")
PICTURED_SCREEN = ViewportSize(width=370, height=1230)
PICTURE = ViewportSize(width=1600, height=1035)
PICTURE_STYLE = """
body { margin: 0; padding: 20px; display: flex; gap: 16px; background: #dde3e4 }
img { width: calc((100% - 64px) / 5); border-radius: 8px; box-shadow: 0 2px 8px #0003 }
"""
A_DAY_LATER = """
from datetime import timedelta
from outbox.models import OutboxMail
for mail in OutboxMail.objects.filter(to_address="{address}"):
    mail.handed_over_at -= timedelta(hours=24)
    mail.save()
from signup.admission import TO_ADDRESS
TO_ADDRESS.forget("{address}")
"""


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(embedded(tmp_path_factory.mktemp("browser"))) as product:
        yield product


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Of the module, not the session: its event loop must not be there when other tests use the ORM."""
    with steps.chromium() as browser:
        yield browser


@pytest.fixture
def visits(product: Product, chromium: Browser) -> Iterator[Visits]:
    """Makes visits, each with cookies of its own; names what Chromium should be like."""
    with ExitStack() as stack:

        def visit(
            kind: type[Visit] = Visit, *, url: str = product.url, axe: bool = False, **context: Any
        ) -> Visit:
            made = chromium.new_context(**context)
            stack.callback(made.close)
            return kind(made, url, axe=axe)

        yield visit


def signed_up(product: Product, address: str) -> str:
    """The address of an account that is there already."""
    visitor = walk.HttpVisitor(product.url)
    walk.sign_up(visitor, walk.DevMail(visitor), address)
    return address


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_walk_on_a_desktop(visits: Visits, color_scheme: steps.ColorScheme) -> None:
    visit = visits(axe=True, color_scheme=color_scheme)
    steps.walk(visit, f"robin@{color_scheme}.contoso.com")


def test_the_walk_on_a_phone(visits: Visits) -> None:
    visit = visits(viewport=steps.PHONE, has_touch=True, is_mobile=True)
    steps.walk(visit, "robin@phone.contoso.com")


def test_the_walk_by_keyboard(visits: Visits) -> None:
    steps.walk(visits(KeyboardVisit), "robin@keyboard.contoso.com")


def test_the_walk_without_javascript(visits: Visits) -> None:
    steps.walk(visits(java_script_enabled=False), "robin@without-script.contoso.com")


def test_the_walk_in_german(visits: Visits) -> None:
    visit = visits(locale="de-DE")
    languages: set[str | None] = set()
    headings: set[str] = set()
    visit.looks.append(lambda _, page: languages.add(page.get_attribute("html", "lang")))
    visit.looks.append(lambda _, page: headings.add(page.inner_text("h1")))
    steps.walk(visit, "robin@deutsch.contoso.com")
    assert languages == {"de"}
    assert headings.isdisjoint(ENGLISH_HEADINGS)


def test_the_walk_right_to_left_on_the_smallest_screen(visits: Visits) -> None:
    visit = visits(viewport=steps.SMALLEST)
    visit.context.add_init_script(steps.RIGHT_TO_LEFT)
    directions: list[str] = []
    visit.looks.append(lambda _, page: directions.append(page.evaluate("document.dir")))
    steps.walk(visit, "robin@right-to-left.contoso.com")
    assert set(directions) == {"rtl"}


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_pages_of_an_account_are_whole(
    product: Product, visits: Visits, color_scheme: steps.ColorScheme
) -> None:
    address = signed_up(product, f"robin@account-{color_scheme}.contoso.com")
    visit = visits(axe=True, color_scheme=color_scheme)
    visit.open("/accounts/password/reset/")
    visit.stands_on("/accounts/password/reset/", "password reset")
    visit.open("/signup/")
    steps.sign_in(visit, address)
    for name, path in ACCOUNT_PAGES.items():
        visit.page.set_viewport_size(ViewportSize(width=1280, height=720))
        visit.open(path)
        visit.stands_on(path, name)
        visit.page.set_viewport_size(steps.SMALLEST)
        assert steps.overflow(visit.page) <= 0, f"{name} is too wide for a small screen."
    visit.open("/accounts/2fa/totp/activate/")
    steps.prove(visit)
    visit.stands_on("/accounts/2fa/totp/activate/", "authenticator app")
    for name, path in LEAVING.items():
        visit.open(path)
        visit.stands_on(path, name)


@pytest.mark.parametrize(
    ("harm", "complaint"),
    [
        ("document.body.style.width = '3000px'", "too wide"),
        ("document.body.setAttribute('style', 'color: red')", "Content Security Policy"),
        ("document.body.append(Object.assign(new Image(), {src: '//other.test/'}))", "other.test"),
        ("document.querySelector('label').remove()", "has a label"),
        ("setTimeout(() => { throw Error('broken') })", "broken"),
    ],
)
def test_a_page_that_is_not_whole_is_noticed(visits: Visits, harm: str, complaint: str) -> None:
    visit = visits(axe="label" in harm)
    visit.open("/signup/")
    visit.check("sign up")
    visit.page.evaluate(f"() => {{ {harm} }}")

    def is_fine() -> None:
        visit.check("sign up")

    # What a browser complains of it says when it comes to it.
    with pytest.raises(AssertionError, match=complaint):
        until(is_fine, what="a complaint")


def test_a_wrong_address_is_told_at_its_field(visits: Visits) -> None:
    visit = visits(axe=True)
    visit.open("/signup/")
    visit.fill(visit.find("input[name=email]"), "anna@@")
    visit.press(visit.find(f"{steps.SIGN_UP_FORM} button"))
    visit.stands_on("/signup/", "wrong address")
    field = visit.find("input[name=email]")
    assert field.get_attribute("aria-invalid") == "true"
    assert field.input_value() == "anna@@"
    described_by = (field.get_attribute("aria-describedby") or "").split()
    errors = [visit.find(f".errorlist#{name}") for name in described_by]
    assert any(error.count() and error.inner_text().strip() for error in errors)


def test_somebody_says_that_it_was_not_them(visits: Visits) -> None:
    visit = visits()
    steps.ask(visit, "robin@not-me.contoso.com")
    steps.open_mail(visit, "robin@not-me.contoso.com")
    visit.axe = True
    visit.press(visit.find("a[href*='/signup/not-me/']").first)
    visit.stands_on("/signup/not-me/", "not me")
    visit.press(visit.find(f"{steps.TOKEN_FORM} button"))
    visit.stands_on("/signup/not-me/", "request ended")
    assert not visit.find(steps.TOKEN_FORM).count()


def test_an_old_link_is_renewed(product: Product, visits: Visits) -> None:
    address = "robin@too-late.contoso.com"
    visit = visits()
    steps.ask(visit, address)
    steps.open_mail(visit, address)
    visit.axe = True
    product.manage("shell", "-c", A_DAY_LATER.format(address=address))
    visit.press(visit.find("a[href*='/signup/confirm/']").first)
    visit.stands_on("/signup/confirm/", "too old", status=410)
    visit.axe = False
    visit.press(visit.find("form[action^='/signup/renew/'] button"))
    visit.stands_on("/signup/check-your-mail/", "check your mail")
    steps.open_mail(visit, address, number=2)
    steps.confirm(visit)
    steps.finish(visit)


def test_a_passkey_signs_in(product: Product, visits: Visits) -> None:
    """At localhost: passkeys are for names, not for numbers such as 127.0.0.1."""
    address = signed_up(product, "robin@passkey.contoso.com")
    visit = visits(url=f"http://localhost:{product.port}")
    plug_in_a_key(visit.page)
    visit.open("/signup/")
    steps.sign_in(visit, address)
    visit.open("/accounts/2fa/webauthn/add/")
    steps.prove(visit)
    visit.stands_on("/accounts/2fa/webauthn/add/", "add a key")
    visit.fill(visit.find("input[name=name]"), "Laptop")
    visit.find("input[name=passwordless]").check()
    visit.press(visit.find("#mfa_webauthn_add"))
    visit.stands_on("/accounts/2fa/", "key added")
    steps.sign_out(visit)
    visit.press(visit.find("main a[href^='/accounts/login/']"))
    visit.press(visit.find("#passkey_login"))
    visit.stands_on("/welcome/", "signed in with a passkey")
    assert address in visit.page.inner_text("main")


def plug_in_a_key(page: Page) -> None:
    """An authenticator of Chromium's own, which confirms whatever it is asked."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    abilities = ("hasResidentKey", "hasUserVerification", "isUserVerified")
    options = {"protocol": "ctap2", "transport": "internal", **dict.fromkeys(abilities, True)}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def test_the_picture_of_the_walk(visits: Visits, tmp_path: Path) -> None:
    """WALK_PICTURE=docs/images/walk.png renews the picture of the README."""
    pictures: dict[str, bytes] = {}

    def keep(name: str, page: Page) -> None:
        if name in PICTURED:
            pictures[name] = page.screenshot()

    visit = visits(viewport=PICTURED_SCREEN)
    visit.looks.append(keep)
    steps.walk(visit, "robin@contoso.com")
    assert tuple(pictures) == PICTURED
    path = Path(os.environ.get("WALK_PICTURE", tmp_path / "walk.png"))
    paste(visits(viewport=PICTURE).page, list(pictures.values()), path)
    assert 20_000 < path.stat().st_size < 400_000


def paste(page: Page, pictures: list[bytes], path: Path) -> None:
    """Writes one picture with all `pictures` side by side."""
    texts = (base64.b64encode(picture).decode() for picture in pictures)
    images = "".join(f'<img src="data:image/png;base64,{text}">' for text in texts)
    page.set_content(f"<style>{PICTURE_STYLE}</style>{images}")
    page.screenshot(path=path)
