"""Sign-up is no mail cannon: each limit at its edge, and nobody is locked out by anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from redis import Redis as Store

from limits import redis_store
from outbox.models import OutboxMail
from signup import domain_lists
from signup.models import SignUp
from tenants.models import User
from tests import digits
from tests.factories import TenantFactory, UserFactory
from tests.outbox import LocalInbox
from tests.services.redis import Redis
from tests.services.redis import redis as start_redis
from tests.services.waiting import PATIENCE
from tests.walk import ClientVisitor, Page, ask, finish

pytestmark = pytest.mark.django_db

CHECK_MAIL = "/signup/check-your-mail/"
ADDRESS = "anna@walkers.com"
MINUTE, HOUR, DAY = 60, 3600, 86400


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(timezone.now(), tick=False) as traveller:
        yield traveller


def visitor_from(network: str) -> ClientVisitor:
    return ClientVisitor(Client(REMOTE_ADDR=network))


def everywhere() -> Iterator[str]:
    """Networks that nobody used before."""
    return (f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::1" for number in range(2**24))


def mails_to(address: str) -> int:
    return OutboxMail.objects.filter(to_address=address).count()


def pass_digits(visitor: ClientVisitor, page: Page, address: str) -> Page:
    return visitor.post("/signup/", {"email": address} | digits.solution(page.text))


def insist(visitor: ClientVisitor, address: str) -> Page:
    """Asks, and types the digits where they are asked for."""
    page = ask(visitor, address)
    return page if page.status == 302 else pass_digits(visitor, page, address)


def shown(page: Page) -> tuple[Any, ...]:
    """What a visitor can tell pages apart by."""
    moving = {"X-Request-ID", "Date"}
    headers = {name: value for name, value in page.headers.items() if name not in moving}
    return page.status, headers, page.text


@pytest.mark.parametrize(
    ("gaps", "sent"),
    [
        ([0], 1),
        ([MINUTE - 1], 1),
        ([MINUTE], 2),
        ([MINUTE, MINUTE, MINUTE], 3),
        ([MINUTE, MINUTE, HOUR - 2 * MINUTE - 1], 3),
        ([MINUTE, MINUTE, HOUR - 2 * MINUTE], 4),
        ([HOUR] * 9, 6),
        ([HOUR] * 5 + [DAY - 5 * HOUR - 1], 6),
        ([HOUR] * 5 + [DAY - 5 * HOUR], 7),
    ],
)
def test_an_address_gets_one_mail_a_minute_three_an_hour_six_a_day(
    clock: time_machine.Traveller, gaps: list[int], sent: int
) -> None:
    networks = everywhere()
    pages = [ask(visitor_from(next(networks)), ADDRESS)]
    for gap in gaps:
        clock.shift(gap)
        pages.append(ask(visitor_from(next(networks)), ADDRESS))
    assert {(page.status, page.location) for page in pages} == {(302, CHECK_MAIL)}
    assert mails_to(ADDRESS) == sent
    assert SignUp.objects.filter(address=ADDRESS).count() == len(pages)


def test_resending_counts_and_looks_the_same_when_nothing_is_sent(
    clock: time_machine.Traveller,
) -> None:
    visitor = visitor_from("192.0.2.1")
    ask(visitor, ADDRESS)
    for expected in (1, 2):
        assert visitor.post("/signup/resend/", {}).location == CHECK_MAIL
        assert "Another mail is on its way" in visitor.get(CHECK_MAIL).text
        assert mails_to(ADDRESS) == expected
        clock.shift(MINUTE)


def test_a_renewed_link_counts_for_its_address(clock: time_machine.Traveller) -> None:
    visitor = visitor_from("192.0.2.1")
    ask(visitor, ADDRESS)
    link = LocalInbox().mails_to(ADDRESS)[-1].link()
    clock.shift(2 * DAY)
    renew = link.replace("confirm", "renew")
    for _ in range(3):
        assert visitor.post(renew, {}).location == CHECK_MAIL
    assert mails_to(ADDRESS) == 2


@pytest.mark.parametrize("state", ["new", "pending", "active", "disabled", "deleted"])
def test_over_every_limit_the_page_is_the_same_for_everybody(
    clock: time_machine.Traveller, state: str
) -> None:
    tenant = TenantFactory.create(name="walkers.com")
    nobody = "nobody@walkers.com"
    if state == "pending":
        SignUp.objects.create(address=ADDRESS, domain="walkers.com", outcome="confirm")
    elif state != "new":
        UserFactory.create(tenant=tenant, email=ADDRESS, state=state)
    ask(visitor_from("192.0.2.1"), ADDRESS)
    ask(visitor_from("192.0.2.1"), nobody)
    for address in (ADDRESS, nobody):
        assert mails_to(address) == 1
    silent = [ask(visitor_from("192.0.2.2"), address) for address in (ADDRESS, nobody)]
    assert shown(silent[0]) == shown(silent[1])
    assert [mails_to(address) for address in (ADDRESS, nobody)] == [1, 1]


def test_the_61st_request_of_a_network_in_ten_minutes_asks_for_digits(
    clock: time_machine.Traveller,
) -> None:
    for number in range(60):
        assert ask(visitor_from("192.0.2.1"), f"person@firm-{number}.com").status == 302
    visitor = visitor_from("192.0.2.1")
    page = ask(visitor, ADDRESS)
    assert page.status == 200
    assert digits.asked_for(page.text)
    assert f'value="{ADDRESS}"' in page.text
    assert not SignUp.objects.filter(address=ADDRESS).exists()
    assert ask(visitor_from("192.0.2.2"), "somebody@else.com").status == 302
    assert pass_digits(visitor, page, ADDRESS).location == CHECK_MAIL
    assert mails_to(ADDRESS) == 1
    clock.shift(10 * MINUTE - 1)
    assert ask(visitor, "berta@walkers.com").status == 200
    clock.shift(1)
    assert ask(visitor, "berta@walkers.com").status == 302


@pytest.fixture
def exhausted_network(clock: time_machine.Traveller) -> str:
    for number in range(60):
        assert ask(visitor_from("192.0.2.1"), f"person@firm-{number}.com").status == 302
    return "192.0.2.1"


def test_an_answer_is_good_for_one_request(exhausted_network: str) -> None:
    visitor = visitor_from(exhausted_network)
    solution = digits.solution(ask(visitor, ADDRESS).text)
    assert visitor.post("/signup/", {"email": ADDRESS} | solution).status == 302
    again = visitor.post("/signup/", {"email": "berta@walkers.com"} | solution)
    assert again.status == 200
    assert "Those were not the digits" in again.text
    assert digits.asked_for(again.text) != solution["digits_token"]


def test_a_wrong_answer_gets_new_digits_and_keeps_the_address_and_the_file(
    exhausted_network: str,
) -> None:
    visitor = visitor_from(exhausted_network)
    fields = {"email": ADDRESS, "ru": "/protect/"}
    page = visitor.post("/signup/", fields)
    wrong = digits.solution(page.text) | {"digits": "none"}
    page = visitor.post("/signup/", fields | wrong)
    assert page.status == 200
    assert 'aria-invalid="true"' in page.text
    assert f'value="{ADDRESS}"' in page.text
    right = digits.solution(page.text)
    assert visitor.post("/signup/", fields | right).location == CHECK_MAIL
    assert SignUp.objects.get(address=ADDRESS).return_url == "/protect/"


def test_resend_and_renew_ask_for_digits_too(exhausted_network: str) -> None:
    visitor = visitor_from(exhausted_network)
    insist(visitor, ADDRESS)
    link = LocalInbox().mails_to(ADDRESS)[-1].link()
    for path in ("/signup/resend/", link.replace("confirm", "renew")):
        page = visitor.post(path, {})
        assert page.status == 200
        assert ADDRESS in page.text
        assert visitor.post(path, digits.solution(page.text)).location == CHECK_MAIL


def test_refused_addresses_do_not_count(clock: time_machine.Traveller) -> None:
    visitor = visitor_from("192.0.2.1")
    for _ in range(61):
        assert 'aria-invalid="true"' in ask(visitor, "anna@gmail.com").text
    assert ask(visitor, ADDRESS).status == 302


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "", True),
    ],
)
def test_what_one_network_is(
    clock: time_machine.Traveller, one: str, other: str, is_one: bool
) -> None:
    for number in range(60):
        assert ask(visitor_from(one), f"person@firm-{number}.com").status == 302
    assert ask(visitor_from(other), ADDRESS).status == (200 if is_one else 302)


def fill_domain(networks: Iterator[str], names: Callable[[int], str]) -> None:
    for number in range(100):
        assert ask(visitor_from(next(networks)), names(number)).status == 302


def test_the_101st_unanswered_mail_to_a_domain_needs_digits(
    clock: time_machine.Traveller,
) -> None:
    networks = everywhere()
    fill_domain(networks, lambda number: f"person-{number}@team-{number % 7}.walkers.co.uk")
    page = ask(visitor_from(next(networks)), "anna@walkers.co.uk")
    assert page.status == 200
    assert digits.asked_for(page.text)
    assert ask(visitor_from(next(networks)), "anna@talkers.co.uk").status == 302
    clock.shift(90 * DAY - 1)
    assert ask(visitor_from(next(networks)), "anna@walkers.co.uk").status == 200
    clock.shift(1)
    assert ask(visitor_from(next(networks)), "anna@walkers.co.uk").status == 302


@pytest.mark.usefixtures("clock")
def test_a_completed_sign_up_allows_ten_more(
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    networks = everywhere()
    fill_domain(networks, lambda number: f"person-{number}@walkers.com")
    link = LocalInbox().mails_to("person-7@walkers.com")[-1].link()
    with django_capture_on_commit_callbacks(execute=True):
        assert finish(visitor_from(next(networks)), link).location == "/welcome/"
    for number in range(100, 110):
        assert ask(visitor_from(next(networks)), f"person-{number}@walkers.com").status == 302
    assert ask(visitor_from(next(networks)), ADDRESS).status == 200


def test_many_newcomers_at_once_are_no_attack_but_old_unanswered_mail_is(
    clock: time_machine.Traveller,
) -> None:
    networks = everywhere()
    for number in range(150):
        page = ask(visitor_from(next(networks)), f"person@firm-{number}.com")
        assert page.status == 302
    clock.shift(HOUR - 1)
    assert ask(visitor_from(next(networks)), "anna@firm-150.com").status == 302
    clock.shift(1)
    page = ask(visitor_from(next(networks)), "anna@firm-151.com")
    assert digits.asked_for(page.text)
    clock.shift(90 * DAY)
    assert ask(visitor_from(next(networks)), "anna@firm-152.com").status == 302


@pytest.fixture(params=["file", pytest.param("redis", marks=pytest.mark.services)])
def store(
    request: pytest.FixtureRequest,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.VAR_DIR = tmp_path
    # A busy machine may answer late, and what is counted meanwhile is counted elsewhere.
    for name in ("CONNECT_SECONDS", "ANSWER_SECONDS"):
        monkeypatch.setattr(redis_store, name, PATIENCE)
    if request.param == "redis":
        settings.REDIS_URL = request.getfixturevalue("redis").new_url()


@pytest.mark.usefixtures("store", "clock")
def test_an_attacker_who_exhausts_everything_keeps_nobody_out() -> None:
    networks = everywhere()
    fill_domain(networks, lambda number: f"person-{number}@walkers.com")
    for number in range(60):
        ask(visitor_from("192.0.2.1"), f"person@firm-{number}.com")
    attacker = visitor_from("192.0.2.1")
    for _ in range(20):
        page = ask(attacker, ADDRESS)
        wrong = digits.solution(page.text) | {"digits": "000"}
        assert attacker.post("/signup/", {"email": ADDRESS} | wrong).status == 200
    anna = visitor_from("192.0.2.1")
    assert insist(anna, ADDRESS).location == CHECK_MAIL
    link = LocalInbox().mails_to(ADDRESS)[-1].link()
    assert finish(anna, link).location == "/welcome/"
    assert User.objects.filter(email=ADDRESS).exists()


@pytest.mark.services
@pytest.mark.usefixtures("clock")
def test_sign_up_goes_on_while_redis_is_away(settings: Any, tmp_path: Path) -> None:
    settings.VAR_DIR = tmp_path
    with start_redis() as server:
        settings.REDIS_URL = server.new_url()
        ask(visitor_from("192.0.2.1"), "person@firm.com")
    pages = [ask(visitor_from("192.0.2.1"), f"person-{number}@firm.com") for number in range(61)]
    assert [page.status for page in pages] == [302] * 60 + [200]
    assert insist(visitor_from("192.0.2.1"), ADDRESS).location == CHECK_MAIL
    assert mails_to(ADDRESS) == 1


@pytest.mark.services
def test_a_sign_up_asks_redis_once(
    redis: Redis, settings: Any, clock: time_machine.Traveller
) -> None:
    settings.REDIS_URL = redis.new_url()
    server = Store.from_url(settings.REDIS_URL)
    ask(visitor_from("192.0.2.1"), "anna@talkers.com")
    before = server.info("stats")["total_commands_processed"]
    ask(visitor_from("192.0.2.1"), ADDRESS)
    after = server.info("stats")["total_commands_processed"]
    commands_inside_the_script = 7 + 7
    assert after - before - 1 == 1 + commands_inside_the_script


@pytest.mark.parametrize(
    ("name", "registered"),
    [
        ("walkers.com", "walkers.com"),
        ("a.b.walkers.com", "walkers.com"),
        ("a.walkers.co.uk", "walkers.co.uk"),
        ("a.walkers.corporate", "walkers.corporate"),
        ("xn--mnchen-3ya.de", "xn--mnchen-3ya.de"),
        ("a.www.ck", "www.ck"),
    ],
)
def test_what_somebody_registered(name: str, registered: str) -> None:
    assert domain_lists.registered_domain(name) == registered
