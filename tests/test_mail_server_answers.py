"""What a mail server may answer, and what becomes of the mail then. The servers are real."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from outbox import services
from outbox.models import OutboxMail
from tests.services.raw_smtp import HANG_UP, STALL, RawSmtp, raw_smtp
from tests.services.waiting import PATIENCE, until

pytestmark = pytest.mark.django_db
State = OutboxMail.State
ADDRESS = "anna@walkers.com"


@pytest.fixture
def server(settings: Any) -> Iterator[RawSmtp]:
    with raw_smtp() as server:
        settings.EMAIL_BACKEND = "outbox.backends.SmtpBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
        settings.EMAIL_TIMEOUT = PATIENCE
        yield server


def a_mail(address: str = ADDRESS) -> OutboxMail:
    return services.enqueue(kind="accounts.no_account", to_address=address, language="en")


def attempt(mail: OutboxMail) -> OutboxMail:
    services.deliver(mail.id)
    mail.refresh_from_db()
    return mail


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("CONNECT", "421 too busy"),
        ("CONNECT", "554 no service for you"),
        ("CONNECT", "I am no mail server"),
        ("CONNECT", HANG_UP),
        ("CONNECT", STALL),
        ("EHLO", STALL),
        ("MAIL", "451 4.3.0 later"),
        ("MAIL", "550 5.7.1 sender not allowed"),
        ("MAIL", "nonsense"),
        ("RCPT", "450 4.7.1 greylisted"),
        ("RCPT", "452 4.2.2 mailbox full"),
        ("RCPT", "421 closing"),
        ("RCPT", "nonsense"),
        ("RCPT", STALL),
        ("RCPT", HANG_UP),
        ("DATA", "451 4.3.0 later"),
        ("DATA", HANG_UP),
        ("BODY", "451 4.3.0 later"),
        ("BODY", HANG_UP),
        ("TAKEN", "4 4"),
    ],
)
def test_what_may_pass_or_is_ours_to_mend_is_tried_again(
    server: RawSmtp, settings: Any, step: str, answer: str
) -> None:
    mail = a_mail()
    server.at[step] = answer
    if answer == STALL:
        settings.EMAIL_TIMEOUT = 0.3
    attempt(mail)
    assert (mail.state, mail.attempts, mail.failed_at) == (State.QUEUED, 1, None)
    assert mail.last_error
    assert mail.next_attempt_at > timezone.now() + dt.timedelta(seconds=10)
    server.at.clear()
    settings.EMAIL_TIMEOUT = PATIENCE
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=1)):
        attempt(mail)
    assert (mail.state, mail.last_error) == (State.SENT, "")


@pytest.mark.parametrize(
    ("step", "answer"),
    [
        ("RCPT", "550 5.1.1 no such user"),
        ("RCPT", "553 5.1.3 bad mailbox"),
        ("DATA", "554 5.5.1 no valid recipients"),
        ("BODY", "552 5.3.4 too big"),
        ("BODY", "554 5.7.1 looks like spam"),
    ],
)
def test_what_will_never_pass_fails_at_once_and_by_hand_once_more(
    server: RawSmtp, step: str, answer: str
) -> None:
    mail = a_mail()
    server.at[step] = answer
    attempt(mail)
    assert (mail.state, mail.attempts) == (State.FAILED, 1)
    assert mail.failed_at
    assert answer.split(" ", 1)[1] in mail.last_error
    server.at.clear()
    assert services.retry(mail.id, acting_user=None)
    attempt(mail)
    assert mail.state == State.SENT
    assert mail.failed_at is None


def test_a_server_that_hangs_up_after_it_took_the_mail_gets_it_once_more_and_the_same(
    server: RawSmtp,
) -> None:
    mail = a_mail()
    server.at["TAKEN"] = HANG_UP
    attempt(mail)
    assert mail.state == State.QUEUED
    server.at.clear()
    with time_machine.travel(timezone.now() + dt.timedelta(minutes=1)):
        attempt(mail)
    first, second = server.to(ADDRESS)
    assert mail.state == State.SENT
    assert [first[name] for name in ("Message-ID", "Date", "Subject")] == [
        second[name] for name in ("Message-ID", "Date", "Subject")
    ]


def test_wrong_credentials_wait_for_the_operator(server: RawSmtp, settings: Any) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "portal", "old"
    server.at |= {"EHLO": "250 AUTH PLAIN", "AUTH": "535 5.7.8 wrong password"}
    assert attempt(a_mail()).state == State.QUEUED


def test_a_server_without_tls_where_tls_is_asked_for_gets_no_mail(
    server: RawSmtp, settings: Any
) -> None:
    settings.EMAIL_USE_TLS = True
    assert attempt(a_mail()).state == State.QUEUED
    assert not server.received


def test_tls_that_breaks_waits_for_the_operator(server: RawSmtp, settings: Any) -> None:
    settings.EMAIL_USE_SSL = True
    assert attempt(a_mail()).state == State.QUEUED


def test_a_server_that_refuses_for_hours_gets_every_mail_in_the_end(server: RawSmtp) -> None:
    """Eight hours of 451, with the sweeper's clock; then all of it, spread over the next hour."""
    start = timezone.now()
    for number in range(20):
        a_mail(f"person{number}@walkers.com")
    server.at["RCPT"] = "451 4.3.0 try again later"
    taken: list[int] = []
    with time_machine.travel(start, tick=False) as clock:
        for minute in range(10 * 60):
            clock.move_to(start + dt.timedelta(minutes=minute))
            if minute == 8 * 60:
                server.at.clear()
            before = len(server.received)
            services.sweep()
            services.deliver_due()
            taken.append(len(server.received) - before)
    assert sorted(str(message["To"]) for message in server.received) == sorted(
        f"person{number}@walkers.com" for number in range(20)
    )
    assert not OutboxMail.objects.exclude(state=State.SENT).exists()
    assert max(OutboxMail.objects.values_list("attempts", flat=True)) < 30
    assert max(taken) <= 10, "They came in a herd."


def test_after_three_days_of_refusals_the_mail_has_failed(server: RawSmtp) -> None:
    mail = a_mail()
    server.at["RCPT"] = "451 4.3.0 try again later"
    start = timezone.now()
    with time_machine.travel(start, tick=False) as clock:
        for minutes in range(0, 80 * 60, 20):
            clock.move_to(start + dt.timedelta(minutes=minutes))
            services.deliver_due()
            mail.refresh_from_db()
            if mail.state == State.FAILED:
                break
    assert mail.state == State.FAILED
    assert mail.failed_at
    hours = (mail.failed_at - start) / dt.timedelta(hours=1)
    assert 72 <= hours < 74


def test_one_connection_serves_many_mails(server: RawSmtp) -> None:
    for number in range(30):
        attempt(a_mail(f"person{number}@walkers.com"))
    assert (len(server.received), server.sessions) == (30, 1)


def test_a_connection_that_the_server_closed_meanwhile_costs_no_mail(server: RawSmtp) -> None:
    attempt(a_mail())
    server.at["NOOP"] = HANG_UP
    mail = attempt(a_mail())
    assert (mail.state, mail.attempts, server.sessions) == (State.SENT, 1, 2)


def test_an_idle_connection_is_closed(server: RawSmtp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("outbox.transport.IDLE_SECONDS", 0.1)
    attempt(a_mail())
    until(lambda: "QUIT" in server.verbs, what="the end of the session")


def test_a_connection_serves_a_hundred_mails_at_most(
    server: RawSmtp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outbox.transport.MAILS_PER_CONNECTION", 2)
    for number in range(5):
        attempt(a_mail(f"person{number}@walkers.com"))
    assert server.sessions == 3


def test_the_answer_to_a_mail_may_take_longer_than_the_answer_to_a_command(
    server: RawSmtp, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that looks into mail would get it again and again from whoever hangs up early."""
    settings.EMAIL_TIMEOUT = 2
    monkeypatch.setattr("outbox.backends.ANSWER_TO_DATA_SECONDS", PATIENCE)
    server.slowness["TAKEN"] = 3
    mail = attempt(a_mail())
    assert (mail.state, len(server.received)) == (State.SENT, 1)
