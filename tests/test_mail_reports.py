"""Bounces and complaints that a mail service reports: taken once, from that service, for mail of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anymail.signals import EventType
from django.core import mail as sent
from django.test import Client
from django.urls import include, path
from django.utils import timezone

from audit.models import AuditEvent
from outbox import webhooks
from outbox.content import message_id
from outbox.flows.report import KINDS
from outbox.models import MailEvent, OutboxMail
from outbox.services import deliver
from rms_portal.urls import urlpatterns as portal
from signup.models import MailPause
from tests import mail_reports
from tests.walk import ClientVisitor, ask

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
urlpatterns = [
    *portal,
    path("anymail/", include(webhooks.patterns("mailgun") + webhooks.patterns("postmark"))),
]
ADDRESS = "anna@walkers.com"
State = OutboxMail.State


@pytest.fixture(autouse=True)
def services(settings: Any) -> None:
    settings.ANYMAIL = {
        "MAILGUN_WEBHOOK_SIGNING_KEY": mail_reports.SIGNING_KEY,
        "WEBHOOK_SECRET": [mail_reports.SECRET],
    }


@pytest.fixture
def mail(client: Client) -> OutboxMail:
    """A confirmation mail that was handed over; `client` asked for it."""
    ask(ClientVisitor(client), ADDRESS)
    mail = OutboxMail.objects.get()
    deliver(mail.id)
    return mail


def report(service: str, body: str, *, secret: str = mail_reports.SECRET) -> int:
    answer = Client(raise_request_exception=False).post(
        f"/anymail/{service}/tracking/",
        body,
        content_type="application/json",
        headers=mail_reports.basic(secret),
    )
    return answer.status_code


def test_a_bounce_is_noted_for_the_operator_and_shown_to_who_waits(
    client: Client, mail: OutboxMail
) -> None:
    assert report("mailgun", mail_reports.mailgun(message_id(mail))) == 200
    mail.refresh_from_db()
    assert mail.state == State.BOUNCED
    assert "does not exist" in mail.last_error
    assert AuditEvent.objects.filter(action="mail.bounced", subject=f"mail:{mail.id}").exists()
    page = client.get("/signup/check-your-mail/").content.decode()
    assert "could not be delivered" in page
    assert "does not exist" not in page


def test_a_mail_is_found_by_the_services_id_by_ours_and_by_what_we_told_it(
    mail: OutboxMail,
) -> None:
    OutboxMail.objects.filter(id=mail.id).update(service_id="service-id-1")
    assert report("postmark", mail_reports.postmark("service-id-1")) == 200
    assert report("mailgun", mail_reports.mailgun(message_id(mail))) == 200
    told = {"mail_id": str(mail.id)}
    assert report("mailgun", mail_reports.mailgun("<other@example.org>", variables=told)) == 200
    assert MailEvent.objects.filter(mail=mail).count() == 3


def test_the_service_is_told_the_id_of_the_mail(mail: OutboxMail) -> None:
    told = vars(sent.outbox[0])["metadata"]
    assert told == {"mail_id": str(mail.id)}


def test_a_service_that_refuses_the_mail_makes_it_failed(mail: OutboxMail) -> None:
    body = mail_reports.mailgun(message_id(mail), "rejected", severity="")
    assert report("mailgun", body) == 200
    mail.refresh_from_db()
    assert (mail.state, mail.failed_at is None) == (State.FAILED, False)


def test_a_complaint_pauses_sign_up_mail_to_the_address(client: Client, mail: OutboxMail) -> None:
    assert report("mailgun", mail_reports.mailgun(message_id(mail), "complained")) == 200
    assert MailPause.objects.get(address=ADDRESS).until > timezone.now()
    mail.refresh_from_db()
    assert mail.state == State.SENT
    ask(ClientVisitor(client), ADDRESS)
    assert OutboxMail.objects.count() == 1


def test_a_complaint_pauses_the_address_of_our_mail_whatever_the_report_names(
    mail: OutboxMail,
) -> None:
    body = mail_reports.mailgun(message_id(mail), "complained", recipient="victim@elsewhere.com")
    assert report("mailgun", body) == 200
    assert [pause.address for pause in MailPause.objects.all()] == [ADDRESS]


def test_a_report_that_is_told_again_changes_nothing(mail: OutboxMail) -> None:
    body = mail_reports.mailgun(message_id(mail), "complained")
    assert report("mailgun", body) == 200
    MailPause.objects.all().delete()
    assert report("mailgun", body) == 200
    assert MailEvent.objects.count() == 1
    assert not MailPause.objects.exists()


def test_a_report_without_an_id_of_its_own_counts_once_too(mail: OutboxMail) -> None:
    body = json.loads(mail_reports.postmark(message_id(mail)))
    del body["ID"]
    assert [report("postmark", json.dumps(body)) for _ in range(2)] == [200, 200]
    assert MailEvent.objects.count() == 1


def test_a_bounce_of_a_mail_that_waits_again_ends_it(mail: OutboxMail) -> None:
    """A worker died after hand-over: the copy would go where the first one bounced."""
    OutboxMail.objects.update(state=State.QUEUED)
    assert report("mailgun", mail_reports.mailgun(message_id(mail))) == 200
    deliver(mail.id)
    mail.refresh_from_db()
    assert (mail.state, mail.attempts) == (State.BOUNCED, 1)


@pytest.mark.parametrize("event", ["opened", "clicked", "delivered", "unsubscribed", "unheard-of"])
def test_what_else_a_service_tells_is_not_kept(mail: OutboxMail, event: str) -> None:
    body = mail_reports.mailgun(message_id(mail), event, severity="")
    assert report("mailgun", body) == 200
    assert not MailEvent.objects.exists()


def test_a_temporary_failure_changes_nothing(mail: OutboxMail) -> None:
    body = mail_reports.mailgun(message_id(mail), severity="temporary")
    assert report("mailgun", body) == 200
    mail.refresh_from_db()
    assert mail.state == State.SENT


def test_a_mail_that_is_not_ours_is_ignored(mail: OutboxMail) -> None:
    for foreign in ("<1@example.org>", "", f"<{mail.id}@example.org>", "<\u202e@x>", "x" * 5000):
        assert report("mailgun", mail_reports.mailgun(foreign)) == 200
    assert not MailEvent.objects.exists()


@pytest.mark.parametrize("service", ["mailgun", "postmark"])
def test_without_the_secret_nothing_is_taken(mail: OutboxMail, service: str) -> None:
    body = {
        "mailgun": mail_reports.mailgun(message_id(mail)),
        "postmark": mail_reports.postmark(message_id(mail)),
    }[service]
    assert report(service, body, secret="reports:" + "x" * 32) == 400
    bare = Client().post(f"/anymail/{service}/tracking/", body, content_type="application/json")
    assert bare.status_code == 400
    assert not MailEvent.objects.exists()


def test_a_forged_signature_is_refused(mail: OutboxMail) -> None:
    assert report("mailgun", mail_reports.mailgun(message_id(mail), key="guessed")) == 400
    assert not MailEvent.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"RecordType": 3}',
        '{"RecordType": "Inbound"}',
        '{"RecordType": "Bounce", "Type": ["x"], "BouncedAt": 4}',
        '{"RecordType": "Bounce", "Type": "HardBounce", "BouncedAt": "x", "MessageID": {"a": 1}}',
        '{"RecordType": "Bounce", "Type": "HardBounce", "MessageID": "a\\u0000b", "Metadata": []}',
    ],
)
def test_what_makes_no_sense_is_never_a_server_error(body: str) -> None:
    assert report("postmark", body) in {200, 400}
    assert report("mailgun", body) == 400
    assert not MailEvent.objects.exists()


def test_reports_are_not_pages() -> None:
    assert Client().get("/anymail/mailgun/tracking/").status_code == 405
    assert Client().head("/anymail/mailgun/tracking/").status_code == 200


def test_every_kind_that_ends_a_mail_is_known() -> None:
    assert set(KINDS) == {
        EventType.BOUNCED,
        EventType.REJECTED,
        EventType.FAILED,
        EventType.COMPLAINED,
    }
