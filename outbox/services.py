"""Putting mail into the outbox, and everything that happens to it there."""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
import uuid
from collections.abc import Iterable, Mapping
from functools import partial

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from audit.queries import insert
from audit.services import Actor, record
from outbox import content, failures, transport
from outbox.announcing import announce, announce_due
from outbox.models import MailLink, OutboxMail

logger = logging.getLogger(__name__)

CLAIM = dt.timedelta(minutes=5)
GIVE_UP_AFTER = dt.timedelta(hours=72)
FIRST_DELAY = dt.timedelta(seconds=30)
LONGEST_DELAY = dt.timedelta(hours=1)
SWEEP_EVERY = dt.timedelta(seconds=15)
# A worker that hands over what is due looks up so many at a time, and makes place for others after a while.
DRAIN_BATCH = 50
DRAIN_FOR = dt.timedelta(seconds=10)
MOST_DRAINS = 8
KEEP_SENT = dt.timedelta(days=30)
KEEP_FAILED = dt.timedelta(days=90)
PURGE_BATCH = 1000
INSERTED_AT_ONCE = 1000
State = OutboxMail.State
ENDED_BADLY = (State.FAILED, State.BOUNCED)


def enqueue(
    *, kind: str, to_address: str, language: str, context: dict[str, object] | None = None
) -> OutboxMail:
    """Adds a mail to the transaction at hand; a worker is told once that has committed."""
    mail = OutboxMail(kind=kind, to_address=to_address, language=language, context=context or {})
    insert([mail])
    _announce_on_commit(mail.id)
    return mail


def enqueue_many(
    *, kind: str, recipients: Iterable[tuple[str, str]], context: dict[str, object]
) -> int:
    """One mail for each address and language, by few statements however many there are; how many there are."""
    mails = [
        OutboxMail(kind=kind, to_address=address, language=language, context=context)
        for address, language in recipients
    ]
    OutboxMail.objects.bulk_create(mails, batch_size=INSERTED_AT_ONCE)
    expires = SWEEP_EVERY.total_seconds()
    transaction.on_commit(partial(announce_due, expires=expires), robust=True)
    return len(mails)


def _announce_on_commit(mail_id: uuid.UUID) -> None:
    # Robust: what was committed stays done, whatever becomes of the announcement.
    transaction.on_commit(partial(announce, mail_id), robust=True)


def deliver(mail_id: uuid.UUID) -> None:
    """Hands one due mail over, unless another worker has it. Safe to call any number of times."""
    mail = _claim(mail_id)
    if mail is None:
        return
    try:
        service_id = transport.send(content.compose(mail))
    except Exception as error:  # noqa: BLE001 -- whatever went wrong, the mail stays and is tried again
        logger.warning(
            "Mail %s (%s) was not handed over: %s", mail.id, mail.kind, type(error).__name__
        )
        _put_back(mail, error)
    else:
        _mark_sent(mail, service_id)


def deliver_all(mail_ids: Iterable[uuid.UUID], *, until: float | None = None) -> bool:
    """Hands over those that are due. Ends when the time is up, and leaves the rest to the sweeper; whether it got
    through all of them.
    """
    until = time.monotonic() + DRAIN_FOR.total_seconds() if until is None else until
    for mail_id in mail_ids:
        if time.monotonic() > until:
            return False
        deliver(mail_id)
    return True


def _claim(mail_id: uuid.UUID) -> OutboxMail | None:
    now = timezone.now()
    claimed = OutboxMail.objects.filter(
        id=mail_id, state=State.QUEUED, next_attempt_at__lte=now
    ).update(state=State.SENDING, claimed_until=now + CLAIM, attempts=F("attempts") + 1)
    if not claimed:
        return None
    return OutboxMail.objects.prefetch_related("links").get(id=mail_id)


def _mark_sent(mail: OutboxMail, service_id: str) -> None:
    OutboxMail.objects.filter(id=mail.id, state=State.SENDING).update(
        state=State.SENT,
        claimed_until=None,
        handed_over_at=mail.handed_over_at or timezone.now(),
        last_error="",
        service_id=service_id,
    )


def _put_back(mail: OutboxMail, error: Exception) -> None:
    now = timezone.now()
    give_up = failures.is_permanent(error) or now - mail.created_at > GIVE_UP_AFTER
    OutboxMail.objects.filter(id=mail.id, state=State.SENDING).update(
        state=State.FAILED if give_up else State.QUEUED,
        claimed_until=None,
        failed_at=now if give_up else None,
        next_attempt_at=now + delay_after(mail.attempts),
        last_error=failures.words(error),
    )


def delay_after(attempts: int) -> dt.timedelta:
    """30 s, 1 min, 2 min … up to an hour, each between half and all of that, so that retries spread."""
    full: dt.timedelta = min(FIRST_DELAY * 2 ** min(attempts - 1, 12), LONGEST_DELAY)
    return full * random.uniform(0.5, 1.0)  # noqa: S311 -- spreading load, not a secret


def sweep() -> int:
    """Takes back claims of workers that died and asks workers for what is due; how much that is.

    As many workers as the work is worth are asked, and they share it, so that mail which waited for a
    broker or a mail server goes out as fast as one mail after the other does, and no faster.
    """
    now = timezone.now()
    OutboxMail.objects.filter(state=State.SENDING, claimed_until__lt=now).update(
        state=State.QUEUED, claimed_until=None, next_attempt_at=now
    )
    due = OutboxMail.objects.filter(state=State.QUEUED, next_attempt_at__lte=now).count()
    for _ in range(min(-(-due // DRAIN_BATCH), MOST_DRAINS)):
        announce_due(expires=SWEEP_EVERY.total_seconds())
    return due


def deliver_due() -> None:
    """Hands over what is due, the longest waiting first, until nothing is or the time is up."""
    until = time.monotonic() + DRAIN_FOR.total_seconds()
    while ids := _due_ids():
        if not deliver_all(ids, until=until):
            return


def _due_ids() -> list[uuid.UUID]:
    """Shuffled, so that workers which share the work seldom reach for the same mail."""
    due = OutboxMail.objects.filter(state=State.QUEUED, next_attempt_at__lte=timezone.now())
    ids = list(due.order_by("next_attempt_at").values_list("id", flat=True)[:DRAIN_BATCH])
    random.shuffle(ids)
    return ids


@transaction.atomic
def retry(mail_id: uuid.UUID, *, acting_user: Actor | None) -> bool:
    """Queues a mail that failed, bounced or waits for now; whether there was one to queue."""
    hit = OutboxMail.objects.filter(id=mail_id, state__in=(*ENDED_BADLY, State.QUEUED)).update(
        state=State.QUEUED, failed_at=None, next_attempt_at=timezone.now()
    )
    if not hit:
        return False
    record(
        action="mail.retried", subject=f"mail:{mail_id}", tenant_id=None, acting_user=acting_user
    )
    _announce_on_commit(mail_id)
    return True


def retry_failed(*, acting_user: Actor | None) -> int:
    """Queues every failed mail for now; how many there were."""
    ids = list(OutboxMail.objects.filter(state=State.FAILED).values_list("id", flat=True))
    return sum(retry(mail_id, acting_user=acting_user) for mail_id in ids)


def mails_of(person_id: uuid.UUID, *, to: Mapping[str, dt.datetime]) -> QuerySet[OutboxMail]:
    """What was sent, or waits, for one person: mail to these addresses that is no newer than said, and to wherever
    they had a link sent that speaks of them. Each is asked by itself: of all at once no index knows.
    """
    found = set(MailLink.objects.filter(subject_id=person_id).values_list("mail_id", flat=True))
    for address, until in to.items():
        theirs = OutboxMail.objects.filter(to_address=address, created_at__lte=until)
        found |= set(theirs.values_list("pk", flat=True))
    return OutboxMail.objects.filter(pk__in=found)


def purge() -> int:
    """Deletes mail 30 days after its hand-over, or 90 days after it failed, with its links; how many.

    In batches with a transaction each, so that a large outbox is not locked for long.
    """
    deleted = 0
    while ids := _old_ids():
        with transaction.atomic():
            OutboxMail.objects.filter(id__in=ids).delete()
            record(
                action="mails.purged",
                subject="mail:old",
                tenant_id=None,
                acting_user=None,
                details={"deleted": len(ids)},
            )
        deleted += len(ids)
    return deleted


def _old_ids() -> list[uuid.UUID]:
    now = timezone.now()
    sent = OutboxMail.objects.filter(state=State.SENT, handed_over_at__lt=now - KEEP_SENT)
    failed = OutboxMail.objects.filter(state__in=ENDED_BADLY, failed_at__lt=now - KEEP_FAILED)
    ids = list(sent.values_list("id", flat=True)[:PURGE_BATCH])
    return ids or list(failed.values_list("id", flat=True)[:PURGE_BATCH])
