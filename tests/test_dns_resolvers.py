"""DNS_RESOLVERS: what it may say, and the sentence for what it may not."""

from __future__ import annotations

import pytest

from rms_portal import environment, refusals


@pytest.mark.parametrize(
    ("text", "server"),
    [
        ("9.9.9.9", ("9.9.9.9", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("[2620:fe::fe]", ("2620:fe::fe", 53)),
        ("[2620:fe::fe]:5353", ("2620:fe::fe", 5353)),
        ("2620:fe::fe", ("2620:fe::fe", 53)),
        ("resolver", ("resolver", 53)),
        ("dns.firm.com:53", ("dns.firm.com", 53)),
        ("localhost:5353", ("127.0.0.1", 5353)),
    ],
)
def test_resolvers_by_address_or_name_with_or_without_port(
    text: str, server: tuple[str, int]
) -> None:
    assert environment.dns_server(text) == server


@pytest.mark.parametrize(
    "text",
    [
        "",
        "9.9.9.9:",
        "9.9.9.9:0",
        "9.9.9.9:65536",
        "9.9.9.9:dns",
        "999.9.9.9",
        "9.9.9",
        "[9.9.9.9:53",
        "[resolver]:53",
        "https://dns.firm.com/dns-query",
        "dns firm com",
        "-dns.firm.com",
        "user@dns",
    ],
)
def test_anything_else_stops_the_start_with_the_setting_and_the_fix(text: str) -> None:
    (sentence,) = refusals.not_resolvers(["9.9.9.9", text])
    assert sentence.startswith(f"DNS_RESOLVERS has {text!r}: ")
    assert "for example" in sentence
