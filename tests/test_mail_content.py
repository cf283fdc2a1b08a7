"""The mails: their subject, parts and headers, and that they repeat nothing a requester can choose."""

from __future__ import annotations

import email.utils

import pytest
from django.core import mail as sent
from django.core.mail import EmailMultiAlternatives
from django.test import Client

from outbox import content
from outbox.models import OutboxMail
from outbox.services import deliver
from tests.walk import CONFIRM_LINK, NOT_ME_LINK, ClientVisitor, ask

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"


def confirmation(**headers: str) -> EmailMultiAlternatives:
    ask(ClientVisitor(Client(headers=headers)), "Anna@Walkers.com")
    deliver(OutboxMail.objects.get().id)
    message = sent.outbox[-1]
    assert isinstance(message, EmailMultiAlternatives)
    return message


def test_the_confirmation_mail_says_what_the_mission_says() -> None:
    message = confirmation(user_agent=FIREFOX)
    assert message.subject == "Finish signing up for Information Protection"
    assert message.to == ["anna@walkers.com"]
    html = str(message.alternatives[0][0])
    link = CONFIRM_LINK.search(str(message.body))
    assert link
    assert html.count(link[0]) == 3  # the button, and the plain address as a link
    assert "Yes, that&#x27;s me" in html
    for part in (str(message.body), html):
        assert "Firefox, Windows" in part
        assert NOT_ME_LINK.search(part)


def test_headers() -> None:
    message = confirmation()
    row = OutboxMail.objects.get()
    headers = message.message()
    assert headers["Message-ID"] == f"<{row.id}@localhost>"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert email.utils.parsedate_to_datetime(headers["Date"]) == row.created_at.replace(
        microsecond=0
    )


def test_a_second_attempt_is_the_same_mail() -> None:
    confirmation()
    row = OutboxMail.objects.get()
    first, second = content.compose(row), content.compose(row)
    assert first.extra_headers == second.extra_headers
    assert (first.body, first.alternatives) == (second.body, second.alternatives)


def test_nothing_the_requester_chose_but_the_address_is_in_the_mail() -> None:
    ask(
        ClientVisitor(Client(headers={"user-agent": "BUY-CHEAP <b>pills</b> Firefox/1"})),
        "anna@walkers.com",
        "?sku=CHEAP-PILLS&ru=/CHEAP-PILLS",
    )
    deliver(OutboxMail.objects.get().id)
    message = sent.outbox[-1]
    assert isinstance(message, EmailMultiAlternatives)
    for part in (message.subject, message.body, message.alternatives[0][0]):
        assert "PILLS" not in str(part).upper()


def test_every_kind_of_mail_has_a_writer() -> None:
    assert {
        "signup.confirm",
        "signup.add_plan",
        "signup.already_registered",
        "signup.sign_in",
        "signup.ask_administrator",
        "accounts.password_reset",
        "accounts.no_account",
        "accounts.not_active",
    } <= content.kinds()
