"""`check_mail`: whether mail can be sent, against a real mail server, and what DNS says, against a real one."""

from __future__ import annotations

import base64
import io
import ipaddress
import json
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core.management import call_command
from pytest_django.fixtures import Settings

from rms_portal.mail_check import spf
from rms_portal.mail_check.dns import Resolver
from rms_portal.mail_check.domain import check_domain
from rms_portal.mail_check.findings import Finding
from tests.services.dns import DnsServer, Records, dns_server
from tests.services.smtp import Smtp
from tests.services.waiting import free_port

DOMAIN = "rights.walkers.com"
SENDER = ipaddress.ip_address("192.0.2.25")
SIX = ipaddress.ip_address("2001:db8::25")


@pytest.fixture(scope="module")
def server() -> Iterator[DnsServer]:
    with dns_server(Records()) as server:
        yield server


@pytest.fixture
def dns(settings: Settings, server: DnsServer) -> Records:
    """What the DNS server knows: nothing yet."""
    settings.DNS_RESOLVERS = [(server.address, server.port)]
    assert isinstance(server.answer, Records)
    server.answer.forget()
    return server.answer


@pytest.fixture
def sending(settings: Settings, smtp: Smtp, dns: Records) -> Smtp:
    settings.MAIL_IS_SENT = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", smtp.port
    settings.DEFAULT_FROM_EMAIL = f"no-reply@{DOMAIN}"
    return smtp


def check(*words: str) -> tuple[int, dict[str, Any]]:
    """Exit status and answer."""
    out, status = io.StringIO(), 0
    try:
        call_command("check_mail", *words, "--json", stdout=out)
    except SystemExit as end:
        status = int(end.code or 0)
    return status, json.loads(out.getvalue())


def results(answer: dict[str, Any]) -> dict[str, str]:
    return {finding["what"]: finding["result"] for finding in answer["findings"]}


# --- Sending ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("sending")
def test_a_server_that_takes_mail_is_good_and_gets_none() -> None:
    status, answer = check()
    assert (status, answer["can_send"]) == (0, True)
    found = results(answer)
    for step in ("connection", "greeting", "encryption", "sender"):
        assert found[step] == "good", answer


def test_without_to_no_mail_is_handed_over_and_with_it_one_is(sending: Smtp) -> None:
    check()
    assert sending.received == []
    status, answer = check("--to", "Ina@WALKERS.com")
    assert (status, results(answer)["test mail"]) == (0, "good")
    (mail,) = sending.received
    assert (mail.sender, mail.recipients) == (f"no-reply@{DOMAIN}", ["ina@walkers.com"])
    assert "Test mail" in str(mail.message["Subject"])
    assert mail.message["Auto-Submitted"] == "auto-generated"


def test_a_server_that_is_away_is_told_with_status_1(sending: Smtp, settings: Settings) -> None:
    settings.EMAIL_PORT = free_port()
    status, answer = check("--to", "ina@walkers.com")
    assert (status, answer["can_send"]) == (1, False)
    assert results(answer)["connection"] == "wrong"
    assert "test mail" not in results(answer)
    assert "EMAIL_URL" in answer["findings"][0]["to_do"]


@pytest.mark.parametrize(("command", "what"), [("MAIL", "sender"), ("RCPT", "test mail")])
def test_what_the_server_says_is_told(sending: Smtp, command: str, what: str) -> None:
    sending.replies[command].append("550 5.7.1 Not from you")
    status, answer = check("--to", "ina@walkers.com")
    assert (status, results(answer)[what]) == (1, "wrong")
    (finding,) = [finding for finding in answer["findings"] if finding["what"] == what]
    assert "Not from you" in finding["detail"]


def test_signing_in_where_nobody_asked_for_it_is_told_without_the_password(
    sending: Smtp, settings: Settings
) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "portal", "a-planted-password"
    status, answer = check()
    assert (status, results(answer)["sign-in"]) == (1, "wrong")
    assert "a-planted-password" not in json.dumps(answer)


@pytest.mark.usefixtures("sending")
def test_starttls_that_the_server_does_not_offer_is_told(settings: Settings) -> None:
    settings.EMAIL_USE_TLS = True
    status, answer = check()
    assert (status, results(answer)["encryption"]) == (1, "wrong")


def test_without_a_mail_server_it_says_what_to_set() -> None:
    status, answer = check()
    assert (status, results(answer)) == (1, {"mail server": "missing"})
    assert "EMAIL_URL" in answer["findings"][0]["to_do"]


@pytest.mark.usefixtures("sending")
def test_people_get_a_table_and_a_sentence() -> None:
    out = io.StringIO()
    call_command("check_mail", stdout=out)
    assert "DMARC" in out.getvalue()
    assert out.getvalue().endswith("Mail can be sent.\n")


# --- SPF -------------------------------------------------------------------------------------------


def finding(what: str, *selectors: str, senders: tuple[Any, ...] = (SENDER,)) -> Finding:
    found = check_domain(DOMAIN, senders=senders, selectors=selectors)
    return next(one for one in found if one.what == what)


@pytest.mark.parametrize(
    ("record", "verdict"),
    [
        ("v=spf1 ip4:192.0.2.0/24 -all", "+"),
        ("V=SPF1 IP4:192.0.2.25 -ALL", "+"),
        ("v=spf1 ip4:198.51.100.0/24 -all", "-"),
        ("v=spf1 ip6:2001:db8::/32 ~all", "~"),
        ("v=spf1 ?all", "?"),
        ("v=spf1", "?"),
        ("v=spf1 -ip4:192.0.2.25 +all", "-"),
        ("v=spf1 a -all", "-"),
        ("v=spf1 a:mail.walkers.com -all", "+"),
        ("v=spf1 a:near.walkers.com -all", "-"),
        ("v=spf1 a:near.walkers.com/24 -all", "+"),
        ("v=spf1 mx -all", "+"),
        ("v=spf1 mx:elsewhere.walkers.com -all", "-"),
        ("v=spf1 include:service.walkers.com -all", "+"),
        ("v=spf1 include:closed.walkers.com ~all", "~"),
        ("v=spf1 redirect=service.walkers.com", "+"),
        ("v=spf1 exp=why.walkers.com ip4:192.0.2.25 -all", "+"),
        ("v=spf1 ip4:192.0.2.25 exists:%{i}.walkers.com -all", "+"),
    ],
)
def test_a_record_is_evaluated_as_receivers_do(dns: Records, record: str, verdict: str) -> None:
    dns.texts |= {
        DOMAIN: ["google-site-verification=x", record],
        "service.walkers.com": ["v=spf1 ip4:192.0.2.25 ~all"],
        "closed.walkers.com": ["v=spf1 -all"],
    }
    dns.mail_hosts[DOMAIN] = ["mail.walkers.com"]
    dns.addresses |= {"mail.walkers.com": ["192.0.2.25"], "near.walkers.com": ["192.0.2.99"]}
    assert spf.Evaluation(Resolver(), SENDER).verdict(DOMAIN).value == verdict


def test_addresses_of_ipv6_are_compared_with_theirs_only(dns: Records) -> None:
    dns.texts[DOMAIN] = ["v=spf1 a:mail.walkers.com/32//64 -all"]
    dns.addresses["mail.walkers.com"] = ["192.0.2.25", "2001:db8::1"]
    assert spf.Evaluation(Resolver(), SIX).verdict(DOMAIN) is spf.Verdict.PASS


@pytest.mark.parametrize(
    ("records", "result", "word"),
    [
        ([], "missing", "ip4:192.0.2.25 -all"),
        (["v=spf1 ip4:192.0.2.25 -all"], "good", "lets 192.0.2.25 send"),
        (["v=spf1 -all"], "wrong", "Add before its end: ip4:192.0.2.25"),
        (["v=spf1 -all", "v=spf1 +all"], "wrong", "2 SPF records"),
        (["v=spf1 ip4:nonsense -all"], "wrong", "not a network"),
        (["v=spf1 wat:x -all"], "wrong", "not understood"),
        (["v=spf1 include:nothing.walkers.com -all"], "wrong", "no SPF record"),
        (["v=spf1 include:" + DOMAIN + " -all"], "wrong", "more than 10"),
        (["v=spf1 exists:%{i}.walkers.com -all"], "unknown", "depends on the mail"),
    ],
)
def test_what_spf_lacks_is_said(dns: Records, records: list[str], result: str, word: str) -> None:
    dns.texts[DOMAIN] = records
    found = finding("SPF")
    assert found.result.value == result
    assert word in f"{found.detail} {found.to_do}"


def test_where_mail_leaves_from_elsewhere_spf_cannot_be_told(dns: Records) -> None:
    dns.texts[DOMAIN] = ["v=spf1 include:_spf.mail.com -all"]
    assert finding("SPF", senders=()).result.value == "unknown"


# --- DKIM, DMARC, and DNS itself --------------------------------------------------------------------


def rsa_record(bits: int) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(octets).decode()}"


@pytest.mark.parametrize(
    ("record", "result", "word"),
    [
        (rsa_record(2048), "good", "2048 bits"),
        (rsa_record(1024), "good", "2048 bits when you renew"),
        ("v=DKIM1; k=ed25519; p=" + base64.b64encode(b"k" * 32).decode(), "good", "Ed25519"),
        ("v=DKIM1; p=", "wrong", "taken back"),
        ("v=DKIM1; p=nonsense!", "wrong", "cannot be read"),
    ],
)
def test_a_key_is_read(dns: Records, record: str, result: str, word: str) -> None:
    dns.texts[f"here._domainkey.{DOMAIN}"] = [record]
    found = finding("DKIM", "here")
    assert found.result.value == result
    assert word in f"{found.detail} {found.to_do}"


def test_usual_selectors_are_tried_and_one_that_is_named_alone(dns: Records) -> None:
    dns.texts[f"selector2._domainkey.{DOMAIN}"] = [rsa_record(2048)]
    assert finding("DKIM").result.value == "good"
    found = finding("DKIM", "other")
    assert found.result.value == "missing"
    assert "--dkim-selector" in found.to_do


@pytest.mark.parametrize(
    ("name", "records", "result", "word"),
    [
        (f"_dmarc.{DOMAIN}", ["v=DMARC1; p=reject"], "good", "p=reject"),
        (f"_dmarc.{DOMAIN}", ["v=DMARC1; p=none; rua=mailto:d@x.com"], "good", "do nothing"),
        (f"_dmarc.{DOMAIN}", ["v=DMARC1; rua=mailto:d@x.com"], "wrong", "no policy"),
        (f"_dmarc.{DOMAIN}", ["v=DMARC1; p=none", "v=DMARC1; p=reject"], "wrong", "none counts"),
        ("_dmarc.walkers.com", ["v=DMARC1; p=reject; sp=quarantine"], "good", "sp=quarantine"),
        ("_dmarc.walkers.com", ["v=DMARC1; p=reject; sp=none"], "good", "do nothing"),
        ("_dmarc.com", ["v=DMARC1; p=reject"], "missing", f"_dmarc.{DOMAIN} TXT"),
    ],
)
def test_the_policy_is_read(
    dns: Records, name: str, records: list[str], result: str, word: str
) -> None:
    dns.texts[name] = records
    found = finding("DMARC")
    assert found.result.value == result
    assert word in f"{found.detail} {found.to_do}"


def test_where_dns_does_not_answer_nothing_is_called_missing(dns: Records) -> None:
    dns.broken |= {DOMAIN, f"here._domainkey.{DOMAIN}", f"_dmarc.{DOMAIN}"}
    found = check_domain(DOMAIN, senders=(SENDER,), selectors=("here",))
    assert {one.what: one.result.value for one in found} == {
        "SPF": "unknown",
        "DKIM": "unknown",
        "DMARC": "unknown",
    }
