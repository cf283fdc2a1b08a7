"""Wherever an address says where to go on to: this site, and the hosts that the operator allowed, in any disguise."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from accounts.return_urls import safe_return_url
from signup.models import SignUp
from tenants.models import User
from tests import browser
from tests.factories import SubscriptionFactory, UserFactory
from tests.outbox import LocalInbox
from tests.second_factors import set_up_app, shown_code
from tests.walk import PASSWORD, ClientVisitor, finish

OWN, ALLOWED = "rights.example.com", "files.walkers.com"
BASE = f"https://{OWN}/accounts/login/"
NOWHERE = "https://"  # without a host, which no browser follows
SITES = {f"https://{OWN}", f"https://{ALLOWED}"}
PARTS = (
    *(
        "/",
        "//",
        "\\",
        "/\\",
        ":",
        "://",
        "@",
        "#",
        "?",
        ".",
        "..",
        "%2f",
        "%5c",
        "%09",
        ";",
        "[",
        "]",
        "&",
        "=",
    ),
    *(
        "http:",
        "https:",
        "HTTPS://",
        "javascript:",
        "data:text/html,",
        "blob:",
        "file:",
        "ftp://",
        "mailto:",
    ),
    *(
        "evil.com",
        OWN,
        ALLOWED,
        f"{OWN}.evil.com",
        f"{ALLOWED}:8443",
        "evil.com.",
        "127.0.0.1",
        "localhost",
    ),
    *(
        "user:word@",
        "\t",
        "\n",
        "\r",
        "\0",
        "\x0b",
        "\x7f",
        "\x85",
        " ",
        "\u00a0",
        "\u2028",
        "\u202e",
        "\ufeff",
    ),
    *(
        "\uff0f",
        "\u3002",
        "\uff0e",
        "\u2044",
        "\u017f",
        "\u212a",
        "\U0001f600",
        "guide/",
        "xn--",
        "0x7f.1",
        "::1",
    ),
)
disguises = st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=3)), max_size=7).map(
    "".join
)
HOSTILE = (
    "https://evil.com/",
    "//evil.com",
    "///evil.com",
    "/\\evil.com",
    "\\\\evil.com",
    "/\t/evil.com",
    "/\n/evil.com",
    "\t//evil.com",
    " //evil.com",
    "\x00//evil.com",
    "http:evil.com",
    "https:/evil.com",
    "https:\\\\evil.com",
    f"https://{OWN}@evil.com/",
    f"https://{OWN}:x@evil.com/",
    f"https://{OWN}.evil.com/",
    f"https://evil.com\\@{OWN}/",
    f"https://evil.com#@{OWN}/",
    f"https://evil.com/https://{OWN}/",
    f"http://{ALLOWED}/",
    f"https://{ALLOWED}:8443/",
    f"https://{ALLOWED}.evil.com/",
    "http://localhost/",
    "http://127.0.0.1/",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "//evil\u3002com",
    "//",
    "/\\",
    "//?evil.com",
    f"//{ALLOWED}/",
    "evil.com",
    "/" * 3 + "evil.com" + "/" * 2000,
)


@pytest.fixture(autouse=True)
def public(settings: Any) -> None:
    settings.PUBLIC_URL = f"https://{OWN}"
    settings.RETURN_URL_HOSTS = [ALLOWED]
    settings.ALLOWED_HOSTS = [OWN, "localhost", "127.0.0.1"]


def site_of(url: str) -> str:
    """Scheme and host that a browser goes to for `url` on our page (WHATWG URL, 4.4): as lenient as they are."""
    text = re.sub(r"[\t\n\r]", "", url.strip("".join(map(chr, range(33)))))
    scheme, rest = "https", text
    if named := re.match(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", text, re.DOTALL):
        scheme, rest = named[1].lower(), named[2]
        if scheme not in {"http", "https", "ftp"}:
            return f"{scheme}:"
    is_absolute = bool(named) and (scheme != "https" or (rest[:1] in "/\\" and rest[1:2] in "/\\"))
    if not is_absolute and not re.match(r"[/\\]{2}", rest):
        return f"https://{OWN}"
    authority = re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0]
    return f"{scheme}://{authority.rpartition('@')[2].lower()}"


@given(disguises)
@example("https:evil.com")
@example("/.//evil.com")
@hypothesis_settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_is_let_through_leads_to_where_it_may(url: str) -> None:
    let_through = safe_return_url(url)
    assert let_through in {"", url}
    if let_through:
        assert site_of(url) in SITES, url


@pytest.mark.parametrize("url", HOSTILE)
def test_what_is_hostile_is_nothing(url: str) -> None:
    assert safe_return_url(url) == ""


@pytest.mark.parametrize(
    "url",
    [
        "/",
        "/guide/?a=b#c",
        f"https://{OWN}/track/",
        f"https://{ALLOWED}/doc?x=//evil.com",
        "/öffnen/",
    ],
)
def test_what_may_be_gone_on_to_is_let_through(url: str) -> None:
    assert safe_return_url(url) == url


@pytest.mark.browser
def test_a_browser_agrees() -> None:
    """4,000 disguises, as Chromium understands them from a page of ours."""
    chance = random.Random(3)  # noqa: S311 -- no secret
    urls = ["".join(chance.choices(PARTS, k=chance.randint(1, 6))) for _ in range(4000)]
    # What is let through is what could go wrong: more of what looks as if it were ours.
    urls += [f"/{url}" for url in urls] + [f"https://{OWN}{url}" for url in urls]
    let_through = [url for url in (*urls, *HOSTILE) if safe_return_url(url)]
    assert len(let_through) > 500
    with browser.chromium() as chromium:
        page = chromium.new_page()
        sites = page.evaluate(
            "([urls, base]) => urls.map(url => URL.canParse(url, base) ? new URL(url, base).origin : '')",
            [let_through, BASE],
        )
    wrong = {
        url: site for url, site in zip(let_through, sites, strict=True) if site not in {*SITES, ""}
    }
    assert not wrong


@pytest.fixture
def client() -> Client:
    client = Client(SERVER_NAME=OWN)
    client.defaults["wsgi.url_scheme"] = "https"
    return client


@pytest.fixture
def person() -> str:
    return str(UserFactory.create().email)


def doors(client: Client, person: str, url: str) -> Iterator[tuple[str, Any]]:
    """Each door that takes an address to go on to, with the answer that leads on."""
    proof = {"login": person, "password": PASSWORD}
    yield "sign in", client.post("/accounts/login/", {**proof, "next": url})
    again = {"password": PASSWORD, "next": url}
    yield "prove again", client.post("/accounts/reauthenticate/", again)
    yield "signed in already", client.get("/accounts/login/", {"next": url})
    yield "language", client.post("/language/", {"language": "de", "next": url})
    referrer = "".join(filter(str.isprintable, url.encode("ascii", "ignore").decode()))
    fields, headers = {"language": "de"}, {"Referer": referrer}
    yield "language, by referrer", client.post("/language/", fields, headers=headers)
    yield "sign out", client.post("/accounts/logout/", {"next": url})
    yield "administration", client.get("/admin/login/", {"next": url})
    query = urlencode({"next": url})
    yield "sign in, by its address", client.post(f"/accounts/login/?{query}", proof)
    client.post("/accounts/logout/")
    set_up_app(User.objects.get(email=person))
    client.post(f"/accounts/login/?{query}", proof)
    code = {"code": shown_code()}
    yield "second factor", client.post(f"/accounts/2fa/authenticate/?{query}", code)


@pytest.mark.django_db
@pytest.mark.parametrize("url", HOSTILE)
def test_no_door_leads_to_where_it_may_not(client: Client, person: str, url: str) -> None:
    for door, response in doors(client, person, url):
        assert response.status_code == 302, door
        assert site_of(response.headers["Location"]) in {f"https://{OWN}", NOWHERE}, door
    assert client.get("/account/").status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("url", HOSTILE)
def test_a_sign_up_leads_back_to_nowhere_that_it_may_not(client: Client, url: str) -> None:
    answer = client.post("/signup/", {"email": "anna@walkers.com", "ru": url})
    assert answer.status_code == 302
    assert SignUp.objects.get().return_url == ""
    visitor = ClientVisitor(client)
    assert finish(visitor, LocalInbox().mails_to("anna@walkers.com")[-1].link()).status == 302
    assert "evil.com" not in visitor.get("/welcome/").text


@pytest.mark.django_db
def test_whoever_has_a_plan_signs_in_and_goes_on_to_where_they_may(client: Client) -> None:
    user = UserFactory.create()
    SubscriptionFactory.create(tenant=user.tenant)
    fields = {"email": str(user.email)}
    for url, leads_to in (
        (f"https://{ALLOWED}/doc", f"https://{ALLOWED}/doc"),
        ("//evil.com", "/welcome/"),
    ):
        place = client.post("/signup/", {**fields, "ru": url}).headers["Location"]
        proof = {"login": str(user.email), "password": PASSWORD}
        assert client.post(place, proof).headers["Location"] == leads_to
        client.post("/accounts/logout/")
