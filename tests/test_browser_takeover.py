"""Taking organisations over in headless Chromium, with a worker and a real DNS server behind the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, ViewportSize

from tests import browser as steps
from tests import walk
from tests.browser import Visit
from tests.second_factors import shown_code
from tests.services.dns import free_dns_port
from tests.services.knot import knot
from tests.services.product import Product, embedded, running
from tests.services.waiting import until
from tests.walk import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.dns]

Visits = Callable[..., Visit]
DESKTOP = ViewportSize(width=1280, height=720)
SETTING_UP = "/accounts/2fa/totp/activate/"
CHECK = "form[action*='/account/proofs/'] button"
GOVERNED = """
from allauth.mfa.models import Authenticator
from tenants.flows import prove
from tenants.models import User
from tenants.proving.outcome import Finding, Outcome
user = User.objects.get(email="{address}")
proof = prove.request(domain_name="{domain}", actor=user, acting_user=user)
prove.note(proof_id=proof.pk, finding=Finding(Outcome.PROVEN), acting_user=user)
"""


@pytest.fixture(scope="module")
def dns_port() -> int:
    return free_dns_port("127.0.0.1")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, dns_port: int) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("takeovers")
    with running(embedded(folder, DNS_RESOLVERS=f"127.0.0.1:{dns_port}")) as product:
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
            visit = Visit(made, product.url, axe=True)
            visit.looks.append(fits_a_phone)
            return visit

        yield visit


def fits_a_phone(name: str, page: Page) -> None:
    before = page.viewport_size or DESKTOP
    page.set_viewport_size(steps.PHONE)
    assert steps.overflow(page) <= 0, f"{name} is too wide for a phone."
    page.set_viewport_size(before)


def signed_up(product: Product, *addresses: str) -> None:
    for address in addresses:
        visitor = walk.HttpVisitor(product.url)
        walk.sign_up(visitor, walk.DevMail(visitor), address)


def signed_in(visit: Visit, address: str) -> Visit:
    visit.open("/signup/")
    steps.sign_in(visit, address)
    return visit


def set_up_an_app(visit: Visit) -> str:
    """Leads through the page of the app; its secret."""
    visit.press(visit.find(f"a[href='{SETTING_UP}']"))
    if visit.path.startswith("/accounts/reauthenticate/"):
        steps.prove(visit)
    visit.stands_on(SETTING_UP, "app")
    secret = visit.find("details .code").text_content() or ""
    visit.fill(visit.find("input[name=code]"), shown_code(secret=secret))
    visit.press(visit.find(f"form[action='{SETTING_UP}'] button"))
    return secret


def published(visit: Visit) -> str:
    """What whoever publishes the record copies from the page, as a line of a zone."""
    name = visit.find("#record-host").input_value()
    text = visit.find("#record-text").input_value()
    return f'@ NS ns\nns A 127.0.0.1\n{name} TXT "{text}"\n'


def check(visit: Visit) -> None:
    """Presses *Check now*, and waits until the page shows by itself what was found."""
    visit.press(visit.find(CHECK))
    visit.settle()


def is_found(visit: Visit) -> bool:
    """Presses as people do: what was looked for some seconds ago is not looked for again."""
    if not visit.find("main a[href='/admin/']").count():
        visit.page.wait_for_timeout(1000)
        check(visit)
    return bool(visit.find("main a[href='/admin/']").count())


@pytest.mark.parametrize("color_scheme", ["light", pytest.param("dark", marks=pytest.mark.long)])
def test_a_member_becomes_the_administrator(
    product: Product, visits: Visits, dns_port: int, color_scheme: steps.ColorScheme
) -> None:
    domain = f"{color_scheme}-firm.com"
    signed_up(product, f"mina@{domain}", f"col@{domain}")
    colleague = signed_in(visits(), f"col@{domain}")
    visit = signed_in(visits(color_scheme=color_scheme), f"mina@{domain}")
    visit.press(visit.find("main a[href='/account/organisation/']"))
    visit.stands_on("/account/organisation/", "what it means")
    assert not visit.find("form[action='/account/organisation/begin/']").count()

    visit.press(visit.find("main .actions a[href='/accounts/2fa/']"))
    visit.stands_on("/accounts/2fa/", "second factors")
    set_up_an_app(visit)
    visit.stands_on("/accounts/2fa/recovery-codes/", "recovery codes")
    visit.press(visit.find("main a[href='/account/organisation/']"))
    visit.press(visit.find("form[action='/account/organisation/begin/'] button"))
    visit.stands_on("/account/organisation/", "the record")
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.find("[data-copies='record-text']").click()
    copied = visit.page.evaluate("navigator.clipboard.readText()")
    assert copied == visit.find("#record-text").input_value()

    colleague.open("/account/")
    colleague.stands_on("/account/", "told before")
    assert f"mina@{domain}" in colleague.find("main .notice").first.inner_text()

    with knot({domain: "@ NS ns\nns A 127.0.0.1\n"}, address="127.0.0.1", port=dns_port):
        check(visit)
        visit.stands_on("/account/organisation/", "not there yet")
        assert "not there yet" in visit.find(".notice.warning").inner_text().lower()
    with knot({domain: published(visit)}, address="127.0.0.1", port=dns_port):
        until(lambda: is_found(visit), what="the record")
    visit.stands_on("/account/organisation/", "administrator")
    visit.press(visit.find("main a[href='/admin/']"))
    visit.stands_on("/admin/", "dashboard")
    assert domain in visit.page.inner_text("h1")
    assert visit.find(".plot-bar").count()

    colleague.open("/account/")
    colleague.stands_on("/account/", "told after")
    colleague.press(colleague.find("form[action*='/dismiss/'] button").first)
    colleague.stands_on("/account/", "put away")
    assert not colleague.find("form[action*='/dismiss/']").count()


def test_a_domain_of_others_is_taken_over_and_given_back(
    product: Product, visits: Visits, dns_port: int
) -> None:
    signed_up(product, "ada@contoso.com", "one@other.com", "two@other.com")
    product.manage("shell", "-c", GOVERNED.format(address="ada@contoso.com", domain="contoso.com"))
    person = signed_in(visits(), "one@other.com")
    visit = signed_in(visits(), "ada@contoso.com")
    visit.open("/admin/")
    visit.stands_on("/accounts/2fa/", "second factor first")
    set_up_an_app(visit)
    visit.open("/admin/tenants/domain/")
    visit.stands_on("/admin/tenants/domain/", "domains")
    visit.press(visit.find("#content a[href='/admin/tenants/domain/add/']"))
    visit.stands_on("/admin/tenants/domain/add/", "add a domain")
    visit.fill(visit.find("input[name=domain]"), "other.com")
    visit.press(visit.find("#content form button"))
    visit.stands_on("/admin/tenants/domain/prove/", "its record")
    with knot({"other.com": published(visit)}, address="127.0.0.1", port=dns_port):
        check(visit)
    visit.stands_on("/admin/tenants/domain/prove/", "proven")

    visit.press(visit.find("a[href='/admin/tenants/domain/take-over/other.com/']"))
    visit.stands_on("/admin/tenants/domain/take-over/", "preview")
    assert "2 accounts go along" in visit.page.inner_text("#content")
    visit.fill(visit.find("input[name=typed]"), "other.com")
    visit.press(visit.find("#content form button.dangerous"))
    visit.settle()
    visit.stands_on("/admin/tenants/takeover/", "taken over")
    visit.open("/admin/tenants/user/")
    visit.stands_on("/admin/tenants/user/", "users")
    assert "two@other.com" in visit.page.inner_text("#result_list")
    person.open("/account/")
    person.stands_on("/account/", "still signed in, and told")
    assert "contoso.com" in person.find("main .notice").first.inner_text()

    visit.open("/admin/tenants/takeover/")
    visit.stands_on("/admin/tenants/takeover/", "takeovers")
    visit.press(visit.find("#result_list tr", has_text="other.com").locator("a").first)
    visit.press(visit.find("a[href$='/undo/']"))
    visit.stands_on("/admin/tenants/takeover/", "undo")
    visit.fill(visit.find("input[name=typed]"), "other.com")
    visit.press(visit.find("#content form button.dangerous"))
    # A worker does it: the page shows it by itself.
    visit.settle()
    visit.stands_on("/admin/tenants/takeover/", "undone")
    visit.open("/admin/tenants/user/")
    assert "two@other.com" not in visit.page.inner_text("#content")


def test_a_member_closes_the_account(product: Product, visits: Visits) -> None:
    signed_up(product, "leaver@closing.com")
    visit = signed_in(visits(), "leaver@closing.com")
    visit.open("/account/")
    visit.press(visit.find("a[href='/account/close/']"))
    if visit.path.startswith("/accounts/reauthenticate/"):
        steps.prove(visit)
    visit.stands_on("/account/close/", "what closing means")
    visit.press(visit.find("form button.danger"))
    visit.stands_on("/account/close/", "the box is not ticked")
    visit.find("input[name=is_sure]").check()
    visit.press(visit.find("form button.danger"))
    visit.stands_on("/accounts/login/", "closed")
    visit.fill(visit.find("input[name=login]"), "leaver@closing.com")
    visit.fill(visit.find("input[name=password]"), PASSWORD)
    visit.press(visit.find(f"{steps.SIGN_IN_FORM} button:not(#passkey_login)"))
    visit.stands_on("/accounts/login/", "nobody signs in any more")
