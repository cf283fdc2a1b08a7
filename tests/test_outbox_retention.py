"""How long mail is kept: 30 days after hand-over, 90 days after a failure, with its links."""

from __future__ import annotations

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from outbox import services
from outbox.models import MailLink, OutboxMail
from outbox.tasks import SCHEDULE, purge_outbox
from tests.outbox import LocalInbox
from tests.walk import ClientVisitor, ask, sign_up, wait_for_mail

pytestmark = pytest.mark.django_db
State = OutboxMail.State


def a_mail(state: str, **age: float) -> OutboxMail:
    then = timezone.now() - dt.timedelta(**age)
    ended = {"sent": {"handed_over_at": then}, "queued": {}}.get(state, {"failed_at": then})
    return OutboxMail.objects.create(
        kind="accounts.no_account",
        to_address="anna@walkers.com",
        language="en",
        state=state,
        created_at=then,
        **ended,
    )


@pytest.mark.parametrize(
    ("state", "days", "stays"),
    [
        ("sent", 29.9, True),
        ("sent", 30.1, False),
        ("failed", 89.9, True),
        ("failed", 90.1, False),
        ("bounced", 89.9, True),
        ("bounced", 90.1, False),
        ("queued", 400, True),
    ],
)
def test_mail_is_kept_so_long_and_no_longer(state: str, days: float, stays: bool) -> None:
    mail = a_mail(state, days=days)
    assert services.purge() == (0 if stays else 1)
    assert OutboxMail.objects.filter(id=mail.id).exists() is stays


def test_it_is_done_every_day_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "PURGE_BATCH", 2)
    for _ in range(5):
        a_mail("sent", days=31)
    a_mail("failed", days=91)
    purge_outbox()
    assert not OutboxMail.objects.exists()
    deleted = AuditEvent.objects.filter(action="mails.purged").values_list("details", flat=True)
    assert sorted(row["deleted"] for row in deleted) == [1, 1, 2, 2]
    assert SCHEDULE["outbox.purge"]["task"] == purge_outbox.name


def test_links_go_with_their_mail_and_an_old_one_still_says_what_to_do(client: Client) -> None:
    mail = sign_up(ClientVisitor(client), LocalInbox(), "anna@walkers.com")
    with time_machine.travel(timezone.now() + dt.timedelta(days=31)):
        services.purge()
        assert not MailLink.objects.exists()
        page = Client().get(mail.link())
    assert page.status_code == 404
    assert "too old" in page.content.decode()
    assert "/accounts/login/" in page.content.decode()


def test_a_link_lives_far_shorter_than_its_mail_is_kept(client: Client) -> None:
    ask(ClientVisitor(client), "anna@walkers.com")
    wait_for_mail(LocalInbox(), "anna@walkers.com")
    with time_machine.travel(timezone.now() + dt.timedelta(hours=71)):
        services.purge()
    assert MailLink.objects.exists()
