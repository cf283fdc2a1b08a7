"""What holds for every address of the site: who may see it, and the headers it comes with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

PUBLIC = {
    "/",
    "/signup/",
    "/signup/check-your-mail/",
    "/signup/resend/",
    "/signup/confirm/x/",
    "/signup/renew/x/",
    "/signup/not-me/x/",
    "/signup/invitation/x/",
    "/signup/invitation/x/renew/",
    "/challenge/x/picture.png",
    "/challenge/x/sound.wav",
    "/guide/",
    "/legal/x/",
    "/language/",
    "/healthz",
    "/readyz",
    "/metrics",  # to this machine, and to whoever has METRICS_TOKEN
    "/dev/mail/",
    "/dev/mail/x/",
    "/dev/mail/x/html/",
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/inactive/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/x-x/",
    "/accounts/password/reset/key/done/",
    "/accounts/mailbox/x/",
    "/accounts/mailbox/x/renew/",
    "/accounts/address/x/",
    "/accounts/signup/",  # leads to /signup/
    "/accounts/email/",  # leads to /account/
    "/admin/login/",  # leads to /accounts/login/
    "/admin/logout/",
    "/accounts/2fa/webauthn/login/",
}
TO_SIGN_IN = {"/accounts/login/", "/admin/login/"}


def routes(patterns: list[Any], prefix: str = "/") -> Iterator[str]:
    for pattern in patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, prefix + route)
        elif isinstance(pattern, URLPattern):
            yield prefix + route


def example(route: str) -> str:
    """An address for a route, with `x` in every place, or a number where one is wanted."""
    for placeholder, value in (
        ("<str:token>", "x"),
        ("<str:kind>", "x"),
        ("<str:key>", "x"),
        ("<int:pk>", "1"),
        ("<path:object_id>", "1"),
        ("<int:content_type_id>/<path:object_id>", "1/1"),
        (
            r"^accounts/password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
            "accounts/password/reset/key/x-x/",
        ),
    ):
        route = route.replace(placeholder, value)
    return route


def addresses() -> list[str]:
    found = {example(route) for route in routes(get_resolver().url_patterns)}
    return sorted(address for address in found if "(?P" not in address and "<" not in address)


def test_everything_needs_sign_in_unless_listed() -> None:
    open_to_all = set()
    for address in addresses():
        answer = Client().get(address)
        location = answer.headers.get("Location", "").partition("?")[0]
        if not (answer.status_code in {302, 403} and location in TO_SIGN_IN):
            open_to_all.add(address)
    assert open_to_all <= PUBLIC


def test_the_list_of_public_addresses_is_true() -> None:
    assert set(addresses()) >= PUBLIC


@pytest.mark.parametrize("signed_in", [False, True])
def test_every_page_has_the_strict_policy_and_an_id(client: Client, signed_in: bool) -> None:
    if signed_in:
        client.force_login(UserFactory.create())
    for path in (
        "/signup/",
        "/accounts/login/",
        "/welcome/",
        "/account/",
        "/nothing/here/",
        "/guide/",
    ):
        headers = client.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert len(headers["X-Request-ID"]) == 36


def test_a_strangers_forwarding_headers_are_not_believed(client: Client) -> None:
    answer = client.get(
        "/dev/mail/", headers={"x-forwarded-for": "127.0.0.1"}, REMOTE_ADDR="203.0.113.9"
    )
    assert answer.status_code == 404
    given = client.get("/healthz", headers={"x-request-id": "chosen-by-a-stranger"})
    assert given.headers["X-Request-ID"] != "chosen-by-a-stranger"


def test_a_trusted_proxy_names_the_client(client: Client, settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/8"]
    through = {"x-forwarded-for": "198.51.100.7, 127.0.0.1, 10.1.1.1"}
    answer = client.get("/dev/mail/", headers=through, REMOTE_ADDR="10.0.0.5")
    assert answer.status_code == 200
    spoofed = {"x-forwarded-for": "127.0.0.1, 198.51.100.7, 10.1.1.1"}
    answer = client.get("/dev/mail/", headers=spoofed, REMOTE_ADDR="10.0.0.5")
    assert answer.status_code == 404
