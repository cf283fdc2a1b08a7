"""Where a request comes from: what a trusted proxy says about it, and nothing that anybody else says."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from limits import networks
from rms_portal.middleware import ClientAddressMiddleware
from tests import digits
from tests.walk import ClientVisitor, Page, ask

PROXY, INNER, CLIENT = "10.0.0.5", "fd00::5", "203.0.113.9"


@pytest.fixture(autouse=True)
def proxies(settings: Any) -> None:
    settings.TRUSTED_PROXIES = ["10.0.0.0/24", "fd00::/64"]
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")


def seen(remote: str, *forwarded: str, **headers: str) -> HttpRequest:
    """The request as pages see it, after it came from `remote`."""
    found: list[HttpRequest] = []

    def page(request: HttpRequest) -> HttpResponse:
        found.append(request)
        return HttpResponse()

    more = {"HTTP_X_FORWARDED_FOR": ", ".join(forwarded)} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=remote, **more, **headers)  # type: ignore[arg-type]
    ClientAddressMiddleware(page)(request)
    return found[0]


def address(remote: str, *forwarded: str) -> str:
    return str(seen(remote, *forwarded).META["REMOTE_ADDR"])


@pytest.mark.parametrize(
    ("remote", "forwarded", "client"),
    [
        (CLIENT, [], CLIENT),
        (CLIENT, ["1.1.1.1"], CLIENT),
        (CLIENT, [PROXY, INNER], CLIENT),
        (PROXY, [], PROXY),
        (PROXY, [CLIENT], CLIENT),
        (f"::ffff:{PROXY}", [CLIENT], CLIENT),
        (PROXY, [f"::ffff:{CLIENT}"], CLIENT),
        (PROXY, ["1.1.1.1", CLIENT], CLIENT),
        (PROXY, ["1.1.1.1", CLIENT, "10.0.0.77", INNER], CLIENT),
        (PROXY, ["1.1.1.1", f"{CLIENT}:4711", f"[{INNER}]:80"], CLIENT),
        (PROXY, ["1.1.1.1", "unknown"], PROXY),
        (PROXY, ["1.1.1.1", "unknown", "10.0.0.77"], "10.0.0.77"),
        (PROXY, ["1.1.1.1", "", CLIENT, " "], CLIENT),
        (PROXY, ["2001:db8::7%eth0"], "2001:db8::7"),
        (PROXY, ["10.0.0.9", INNER], "10.0.0.9"),
        ("10.0.1.5", [CLIENT], "10.0.1.5"),
        ("", [CLIENT], ""),
    ],
)
def test_it_is_the_last_one_that_no_trusted_proxy_has(
    remote: str, forwarded: list[str], client: str
) -> None:
    assert address(remote, *forwarded) == client


@given(
    st.lists(
        st.text(st.characters(codec="latin-1", exclude_characters="\r\n"), max_size=20), max_size=4
    )
)
@hypothesis_settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_what_a_client_writes_in_front_changes_nothing(written: list[str]) -> None:
    assert address(PROXY, *written, CLIENT) == CLIENT
    assert address(CLIENT, *written) == CLIENT


def test_only_a_trusted_proxy_says_that_it_was_https() -> None:
    assert seen(PROXY, CLIENT, HTTP_X_FORWARDED_PROTO="https").is_secure()
    assert not seen(CLIENT, HTTP_X_FORWARDED_PROTO="https").is_secure()


def test_nobody_says_which_host_was_asked() -> None:
    for remote in (PROXY, CLIENT):
        assert seen(remote, HTTP_X_FORWARDED_HOST="evil.com").get_host() == "testserver"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2001:db8::1", "2001:db8::ffff:1:2:3"),
        ("2001:DB8:0:0::1", "2001:db8::2"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::2%eth1"),
    ],
)
def test_spellings_of_one_network_are_one(one: str, other: str) -> None:
    assert networks.of(one) == networks.of(other)


def ask_from(number: int, forwarded: str, remote: str) -> Page:
    client = Client(REMOTE_ADDR=remote, headers={"X-Forwarded-For": forwarded})
    return ask(ClientVisitor(client), f"person@firm-{number}.com")


@pytest.mark.django_db
@pytest.mark.parametrize(("remote", "behind"), [(CLIENT, ""), (PROXY, f", {CLIENT}")])
def test_who_makes_up_networks_is_asked_for_digits_all_the_same(remote: str, behind: str) -> None:
    pages = [ask_from(number, f"192.0.2.{number}{behind}", remote) for number in range(62)]
    assert [bool(digits.asked_for(page.text)) for page in pages] == [False] * 60 + [True] * 2
