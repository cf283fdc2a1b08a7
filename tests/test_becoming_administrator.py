"""A member of an organisation that nobody administers asks to become its administrator, in the browser."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from outbox import announcing
from tenants import tasks
from tenants.flows import prove
from tenants.models import Domain, DomainProof, Tenant, User
from tenants.proving.outcome import Finding, Outcome
from tests.factories import OperatorFactory, TenantFactory, UserFactory
from tests.german import english_in, visible
from tests.second_factors import SECRET, set_up_app, shown_code
from tests.services.dns import Zone, dns_server
from tests.walk import PASSWORD, ClientVisitor, sign_in

pytestmark = pytest.mark.django_db

FIRM = "firm.com"
PAGE = "/account/organisation/"
BEGIN = "/account/organisation/begin/"
Sent = list[tuple[str, ...]]


@pytest.fixture
def member() -> User:
    return UserFactory.create(tenant=TenantFactory.create(name=FIRM), email=f"mina@{FIRM}")


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    """What the broker was given; no worker is there."""
    taken: Sent = []

    def send_task(task: str, arguments: tuple[str, ...], **_: object) -> None:
        taken.append((task, *arguments))

    monkeypatch.setattr(announcing._announcer._app, "send_task", send_task)
    return taken


def signed_in(client: Client, user: User, *, with_factor: bool = True) -> Client:
    if with_factor:
        set_up_app(user)
    client.force_login(user)
    if with_factor and user.is_staff:
        client.post("/accounts/2fa/reauthenticate/", {"code": shown_code()})
    else:
        client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def page(client: Client, path: str = PAGE) -> str:
    answer = client.get(path, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def begun(client: Client, user: User) -> DomainProof:
    signed_in(client, user).post(BEGIN)
    return DomainProof.objects.get()


def check(proof: DomainProof) -> str:
    return f"/account/proofs/{proof.id}/check/"


def found(proof: DomainProof, outcome: Outcome, detail: str = "") -> None:
    prove.note(proof_id=proof.id, finding=Finding(outcome, detail), acting_user=proof.actor)


def test_the_account_and_the_welcome_page_lead_there(client: Client, member: User) -> None:
    signed_in(client, member)
    assert PAGE in page(client, "/account/")
    assert PAGE in page(client, "/welcome/")


def test_it_is_said_what_it_means_before_anything_happens(client: Client, member: User) -> None:
    text = page(signed_in(client, member))
    for words in ("72 hours", "Everybody in the organisation is told", "Show me the record"):
        assert words in text
    assert not DomainProof.objects.exists()


def test_a_second_factor_comes_first_and_leads_back(client: Client, member: User) -> None:
    signed_in(client, member, with_factor=False)
    text = page(client)
    assert "First, a second factor" in text
    assert BEGIN not in text
    client.post(BEGIN)
    assert not DomainProof.objects.exists()
    assert "Set up an app or a key here" in page(client, "/accounts/2fa/")
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    codes = client.post(
        "/accounts/2fa/totp/activate/", {"code": shown_code(secret=secret)}, follow=True
    )
    assert f'href="{PAGE}"' in codes.content.decode()
    assert BEGIN in page(client)


def test_the_record_is_shown_with_all_that_dns_hosts_ask_for(client: Client, member: User) -> None:
    proof = begun(client, member)
    text = page(client)
    for shown in (
        'value="_rms-verification.firm.com"',
        'value="_rms-verification"',
        f'value="rms-verification={proof.value}"',
        f"_rms-verification.firm.com. 3600 IN TXT &quot;rms-verification={proof.value}&quot;",
        'data-copies="record-text"',
        "Cloudflare",
        "Route 53",
    ):
        assert shown in text
    client.post(BEGIN)
    assert DomainProof.objects.get() == proof


def test_pressing_tells_a_worker_and_the_page_waits(
    client: Client, member: User, sent: Sent
) -> None:
    proof = begun(client, member)
    waiting = page(client, client.post(check(proof)).headers["Location"])
    assert sent == [(prove.CHECK_TASK, str(proof.id))]
    assert "We are asking the DNS servers" in waiting
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in waiting
    state = f"/account/proofs/{proof.id}/"
    mark = client.get(state).json()["mark"]
    assert f'data-waits-at="{state}" data-mark="{mark}"' in waiting
    found(proof, Outcome.NOT_THERE)
    assert client.get(state).json()["mark"] != mark


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome.NOT_THERE, "The record is not there yet."),
        (Outcome.OTHER, "but with another value"),
        (Outcome.DISAGREE, "Not all DNS servers of the domain"),
        (Outcome.NOT_ASKED, "Too few DNS servers answered"),
    ],
)
def test_what_was_found_is_told_in_words(
    client: Client, member: User, sent: Sent, outcome: Outcome, words: str
) -> None:
    proof = begun(client, member)
    there = client.post(check(proof)).headers["Location"]
    found(proof, outcome, "ns.firm.com: SERVFAIL")
    text = page(client, there)
    assert words in text
    assert "ns.firm.com: SERVFAIL" in text
    assert "We are asking" not in text


def test_no_answer_within_a_minute_is_told(client: Client, member: User, sent: Sent) -> None:
    proof = begun(client, member)
    there = client.post(check(proof)).headers["Location"]
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=61)):
        text = page(client, there)
    assert "No answer came" in text
    assert "refresh" not in text


@pytest.mark.parametrize("asked", ["", "never", "1e400", "nan", "-1", "99999999999999"])
def test_a_made_up_time_of_asking_waits_for_nothing(
    client: Client, member: User, asked: str
) -> None:
    begun(client, member)
    assert "We are asking" not in page(client, f"{PAGE}?asked={asked}")


def test_who_presses_again_and_again_is_told_to_wait(
    client: Client, member: User, sent: Sent
) -> None:
    proof = begun(client, member)
    for _ in range(10):
        assert "asked=" in client.post(check(proof)).headers["Location"]
    assert "Wait some minutes" in client.post(check(proof), follow=True).content.decode()
    assert len(sent) == 10


def test_a_broker_that_is_away_is_told(
    client: Client, member: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    proof = begun(client, member)

    def away(*_: object, **__: object) -> None:
        raise OSError

    fresh = announcing.Announcer()
    monkeypatch.setattr(announcing, "_announcer", fresh)
    monkeypatch.setattr(fresh._app, "send_task", away)
    assert "We cannot ask just now" in client.post(check(proof), follow=True).content.decode()


def test_what_is_found_reaches_the_page(
    client: Client, member: User, sent: Sent, settings: Settings
) -> None:
    """Through the task that the worker runs, from a DNS server that has another value."""
    proof = begun(client, member)
    zone = Zone('_rms-verification.firm.com. 60 IN TXT "rms-verification=old"', "firm.com.")
    with dns_server(zone) as server:
        settings.DNS_RESOLVERS = [(server.address, server.port)]
        there = client.post(check(proof)).headers["Location"]
        tasks.check_domain_proof(sent[0][1])
    assert "Another value" in page(client, there)


def test_who_is_not_concerned_finds_no_such_page(client: Client, member: User, sent: Sent) -> None:
    """Operators see every proof, and may have it looked for."""
    proof = prove.request(domain_name=FIRM, actor=member, acting_user=member)
    managed = TenantFactory.create(state=Tenant.State.MANAGED)
    for user, of_proof in (
        (UserFactory.create(tenant=managed), [404, 404]),
        (OperatorFactory.create(), [200, 302]),
    ):
        other = signed_in(Client(), user)
        assert PAGE not in page(other, "/account/")
        assert [other.get(PAGE).status_code, other.post(BEGIN).status_code] == [404, 404]
        answers = (other.get(f"/account/proofs/{proof.id}/"), other.post(check(proof)))
        assert [answer.status_code for answer in answers] == of_proof
    for path in (PAGE, BEGIN, f"/account/proofs/{uuid.uuid4()}/"):
        assert client.get(path).headers["Location"].startswith("/accounts/login/")


def test_who_signed_in_long_ago_gives_the_password_or_factor_once_more(
    client: Client, member: User
) -> None:
    set_up_app(member)
    sign_in(ClientVisitor(client), str(member.email))
    client.post("/accounts/2fa/authenticate/", {"code": shown_code(secret=SECRET)})
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=10)):
        answer: Any = client.post(BEGIN)
    assert "reauthenticate" in answer.headers["Location"]
    assert not DomainProof.objects.exists()


def test_the_administrator_is_led_to_the_portal_and_a_colleague_who_asked_is_told(
    client: Client, member: User
) -> None:
    colleague = UserFactory.create(tenant=member.tenant)
    proof = begun(client, member)
    prove.request(domain_name=FIRM, actor=colleague, acting_user=colleague)
    found(proof, Outcome.PROVEN)
    text = page(client)
    assert "/admin/" in text
    assert "you cannot reset second factors" in text
    assert "has an administrator" in page(signed_in(Client(), colleague))


def test_an_organisation_with_several_domains_is_taken_over_by_proving_each(
    client: Client, member: User
) -> None:
    assert member.tenant
    Domain.objects.create(tenant=member.tenant, name="a-second.com")
    proof = begun(client, member)
    assert proof.domain_name == FIRM
    assert "further domains: a-second.com" in page(client)
    found(proof, Outcome.PROVEN)
    assert "further domains" not in page(client)
    client.post(BEGIN)
    assert "_rms-verification.a-second.com" in page(client)
    found(DomainProof.objects.get(domain_name="a-second.com"), Outcome.PROVEN)
    assert "You are an administrator" in page(client)


def test_the_pages_speak_german(member: User) -> None:
    german = signed_in(Client(headers={"accept-language": "de"}), member)
    before = page(german)
    german.post(BEGIN)
    proof = DomainProof.objects.get()
    record = page(german)
    found(proof, Outcome.OTHER, "ns.firm.com: SERVFAIL")
    missing = page(german)
    found(proof, Outcome.PROVEN)
    for text in (before, record, missing, page(german)):
        assert '<html lang="de"' in text
        assert english_in(visible(text)) == []


@pytest.mark.parametrize(
    ("domain", "relative"),
    [
        ("firm.co.uk", "_rms-verification"),
        ("eu.firm.co.uk", "_rms-verification.eu"),
        (".".join(["a" * 60] * 4), ".".join(["a" * 60] * 2)),
    ],
)
def test_the_name_without_the_zone_is_what_the_host_asks_for(
    client: Client, domain: str, relative: str
) -> None:
    tenant = TenantFactory.create(name=domain)
    begun(client, UserFactory.create(tenant=tenant, email=f"a@{domain}"))
    assert f'value="{relative}"' in page(client)


def test_who_presses_when_it_was_found_already_comes_back_to_the_page(
    client: Client, member: User, sent: Sent
) -> None:
    proof = begun(client, member)
    assert f'name="next" value="{PAGE}"' in page(client)
    found(proof, Outcome.PROVEN)
    there = client.post(check(proof), {"next": PAGE}).headers["Location"]
    assert "You are an administrator" in page(client, there)
    astray = client.post(check(proof), {"next": "//evil.test/"}).headers["Location"]
    assert astray.startswith("/admin/")
