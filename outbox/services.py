"""Putting mail into the outbox, and everything that happens to it there."""

from __future__ import annotations

import datetime as dt
import logging
import random
import smtplib
import uuid

from anymail.exceptions import AnymailRecipientsRefused
from celery import current_app
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from kombu.exceptions import OperationalError

from audit.services import Actor, record
from outbox import content
from outbox.models import OutboxMail

logger = logging.getLogger(__name__)

DELIVER_TASK = "outbox.tasks.deliver_mail"
CLAIM = dt.timedelta(minutes=5)
GIVE_UP_AFTER = dt.timedelta(hours=72)
FIRST_DELAY = dt.timedelta(seconds=30)
LONGEST_DELAY = dt.timedelta(hours=1)
State = OutboxMail.State


def enqueue(
    *, kind: str, to_address: str, language: str, context: dict[str, object] | None = None
) -> OutboxMail:
    """Adds a mail to the transaction at hand; a worker is told once that has committed."""
    mail = OutboxMail.objects.create(
        kind=kind, to_address=to_address, language=language, context=context or {}
    )
    transaction.on_commit(lambda: announce(mail.id))
    return mail


def announce(mail_id: uuid.UUID) -> None:
    """Tells a worker. Where the broker is away the mail waits for the next sweep."""
    try:
        current_app.send_task(DELIVER_TASK, (str(mail_id),), retry=False)
    except (OperationalError, OSError):
        logger.warning("The broker does not answer; mail %s waits for the sweeper.", mail_id)


def deliver(mail_id: uuid.UUID) -> None:
    """Hands one due mail over, unless another worker has it. Safe to call any number of times."""
    mail = _claim(mail_id)
    if mail is None:
        return
    try:
        content.compose(mail).send()
    except Exception as error:  # noqa: BLE001 -- whatever went wrong, the mail stays and is tried again
        logger.warning(
            "Mail %s (%s) was not handed over: %s", mail.id, mail.kind, type(error).__name__
        )
        _put_back(mail, error)
    else:
        _mark_sent(mail)


def _claim(mail_id: uuid.UUID) -> OutboxMail | None:
    now = timezone.now()
    claimed = OutboxMail.objects.filter(
        id=mail_id, state=State.QUEUED, next_attempt_at__lte=now
    ).update(state=State.SENDING, claimed_until=now + CLAIM, attempts=F("attempts") + 1)
    return OutboxMail.objects.get(id=mail_id) if claimed else None


def _mark_sent(mail: OutboxMail) -> None:
    OutboxMail.objects.filter(id=mail.id, state=State.SENDING).update(
        state=State.SENT,
        claimed_until=None,
        handed_over_at=mail.handed_over_at or timezone.now(),
        last_error="",
    )


def _put_back(mail: OutboxMail, error: Exception) -> None:
    now = timezone.now()
    give_up = is_permanent(error) or now - mail.created_at > GIVE_UP_AFTER
    OutboxMail.objects.filter(id=mail.id, state=State.SENDING).update(
        state=State.FAILED if give_up else State.QUEUED,
        claimed_until=None,
        next_attempt_at=now + delay_after(mail.attempts),
        last_error=f"{type(error).__name__}: {error}"[:2000],
    )


def delay_after(attempts: int) -> dt.timedelta:
    """30 s, 1 min, 2 min … up to an hour, each between half and all of that, so that retries spread."""
    full: dt.timedelta = min(FIRST_DELAY * 2 ** min(attempts - 1, 12), LONGEST_DELAY)
    return full * random.uniform(0.5, 1.0)  # noqa: S311 -- spreading load, not a secret


def is_permanent(error: Exception) -> bool:
    """Whether the mail server said that this recipient will never take the mail (RFC 5321, 4.2.1)."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            return all(500 <= code < 600 for code, _ in error.recipients.values())
        case smtplib.SMTPDataError():
            return 500 <= error.smtp_code < 600
        case AnymailRecipientsRefused() | content.NeedsInternationalMailError():
            return True
        case _:
            return False


def sweep() -> int:
    """Announces mail that is due and takes back claims of workers that died; how many were announced."""
    now = timezone.now()
    OutboxMail.objects.filter(state=State.SENDING, claimed_until__lt=now).update(
        state=State.QUEUED, claimed_until=None, next_attempt_at=now
    )
    due = OutboxMail.objects.filter(state=State.QUEUED, next_attempt_at__lte=now)
    ids = list(due.order_by("next_attempt_at").values_list("id", flat=True)[:1000])
    for mail_id in ids:
        announce(mail_id)
    return len(ids)


@transaction.atomic
def retry(mail_id: uuid.UUID, *, acting_user: Actor | None) -> bool:
    """Queues a failed or waiting mail for now; whether there was one to queue."""
    hit = OutboxMail.objects.filter(id=mail_id, state__in=(State.FAILED, State.QUEUED)).update(
        state=State.QUEUED, next_attempt_at=timezone.now()
    )
    if not hit:
        return False
    record(
        action="mail.retried", subject=f"mail:{mail_id}", tenant_id=None, acting_user=acting_user
    )
    transaction.on_commit(lambda: announce(mail_id))
    return True


def retry_failed(*, acting_user: Actor | None) -> int:
    """Queues every failed mail for now; how many there were."""
    ids = list(OutboxMail.objects.filter(state=State.FAILED).values_list("id", flat=True))
    return sum(retry(mail_id, acting_user=acting_user) for mail_id in ids)
