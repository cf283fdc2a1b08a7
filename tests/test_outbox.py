"""Handing mail over: once, again after a while, and never past what the mail server says for good."""

from __future__ import annotations

import datetime as dt
import smtplib
from collections.abc import Sequence

import pytest
from django.core import mail as sent
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from outbox import services, tasks
from outbox.models import OutboxMail
from rms_portal.celery import app

pytestmark = pytest.mark.django_db
State = OutboxMail.State


class RefusingBackend(BaseEmailBackend):
    answer: Exception = smtplib.SMTPServerDisconnected()

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise self.answer


@pytest.fixture
def mail() -> OutboxMail:
    return services.enqueue(
        kind="accounts.no_account", to_address="anna@walkers.com", language="en"
    )


def refuse(monkeypatch: pytest.MonkeyPatch, answer: Exception, settings: object) -> None:
    monkeypatch.setattr(RefusingBackend, "answer", answer)
    settings.EMAIL_BACKEND = f"{__name__}.RefusingBackend"  # type: ignore[attr-defined]


def test_a_mail_is_handed_over_once(mail: OutboxMail) -> None:
    services.deliver(mail.id)
    services.deliver(mail.id)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts, len(sent.outbox)) == (State.SENT, 1, 1)
    assert mail.handed_over_at


@pytest.mark.parametrize(
    "answer",
    [
        smtplib.SMTPServerDisconnected("gone"),
        smtplib.SMTPConnectError(421, b"later"),
        smtplib.SMTPDataError(451, b"later"),
        smtplib.SMTPRecipientsRefused({"anna@walkers.com": (450, b"greylisted")}),
        ConnectionRefusedError(),
    ],
)
def test_what_may_pass_is_tried_again_later(
    mail: OutboxMail, monkeypatch: pytest.MonkeyPatch, settings: object, answer: Exception
) -> None:
    refuse(monkeypatch, answer, settings)
    services.deliver(mail.id)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (State.QUEUED, 1)
    assert mail.next_attempt_at > timezone.now() + dt.timedelta(seconds=10)
    assert mail.last_error


@pytest.mark.parametrize(
    "answer",
    [
        smtplib.SMTPDataError(554, b"no"),
        smtplib.SMTPRecipientsRefused({"anna@walkers.com": (550, b"no such user")}),
    ],
)
def test_what_will_never_pass_fails_and_can_be_retried_by_hand(
    mail: OutboxMail, monkeypatch: pytest.MonkeyPatch, settings: object, answer: Exception
) -> None:
    refuse(monkeypatch, answer, settings)
    services.deliver(mail.id)
    mail.refresh_from_db()
    assert mail.state == State.FAILED
    assert services.retry(mail.id, acting_user=None)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"  # type: ignore[attr-defined]
    services.deliver(mail.id)
    assert len(sent.outbox) == 1


def test_a_mail_is_given_up_after_three_days(
    mail: OutboxMail, monkeypatch: pytest.MonkeyPatch, settings: object
) -> None:
    refuse(monkeypatch, smtplib.SMTPDataError(451, b"later"), settings)
    OutboxMail.objects.update(created_at=timezone.now() - dt.timedelta(hours=73))
    services.deliver(mail.id)
    mail.refresh_from_db()
    assert mail.state == State.FAILED


def test_the_sweeper_takes_back_what_a_dead_worker_claimed(mail: OutboxMail) -> None:
    OutboxMail.objects.update(
        state=State.SENDING, claimed_until=timezone.now() - dt.timedelta(seconds=1)
    )
    assert services.sweep() == 1
    services.deliver(mail.id)
    assert len(sent.outbox) == 1


def test_the_sweeper_leaves_a_running_worker_alone(mail: OutboxMail) -> None:
    OutboxMail.objects.update(
        state=State.SENDING, claimed_until=timezone.now() + dt.timedelta(minutes=1)
    )
    assert services.sweep() == 0


@pytest.mark.parametrize(("attempts", "most"), [(1, 30), (2, 60), (5, 480), (20, 3600)])
def test_the_delay_doubles_up_to_an_hour_and_spreads(attempts: int, most: int) -> None:
    delays = [services.delay_after(attempts).total_seconds() for _ in range(200)]
    assert most / 2 <= min(delays) < max(delays) <= most


def test_what_is_due_goes_out_and_nothing_else(mail: OutboxMail) -> None:
    later = services.enqueue(
        kind="accounts.no_account", to_address="bert@walkers.com", language="en"
    )
    OutboxMail.objects.filter(id=later.id).update(
        next_attempt_at=timezone.now() + dt.timedelta(minutes=1)
    )
    services.deliver_due()
    assert [message.to for message in sent.outbox] == [["anna@walkers.com"]]


def test_many_due_mails_ask_for_several_workers_and_never_for_too_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(services, "announce_due", lambda *, expires: asked.append(expires))
    waiting = [
        OutboxMail(kind="accounts.no_account", to_address="a@walkers.com", language="en")
        for _ in range(services.DRAIN_BATCH + 1)
    ]
    OutboxMail.objects.bulk_create(waiting)
    services.sweep()
    assert asked == [15.0, 15.0]
    OutboxMail.objects.bulk_create(
        OutboxMail(kind="accounts.no_account", to_address="a@walkers.com", language="en")
        for _ in range(1000)
    )
    asked.clear()
    services.sweep()
    assert len(asked) == services.MOST_DRAINS


def test_the_claim_outlives_the_longest_task() -> None:
    """So that a mail server which answers a little and never ends makes no second copy."""
    for task in (tasks.deliver_mail, tasks.deliver_due_mail):
        assert task.soft_time_limit
        assert task.time_limit
        assert task.soft_time_limit < task.time_limit < services.CLAIM.total_seconds()


def test_mail_waits_for_no_other_task() -> None:
    queues = {
        name: app.amqp.router.route({}, name)["queue"].name
        for name in app.tasks
        if not name.startswith("celery.")
    }
    mail = {name for name, queue in queues.items() if queue == "mail"}
    assert mail == {name for name in queues if name.startswith("outbox.")}
    assert "outbox.tasks.deliver_mail" in mail
