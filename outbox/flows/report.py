"""A mail service reports what became of a mail: bounces, refusals, complaints. Each report counts once."""

from __future__ import annotations

import hashlib
import logging

from anymail.signals import AnymailTrackingEvent, EventType
from django.db import IntegrityError, transaction
from django.db.models.functions import Coalesce
from django.utils import timezone

from audit.services import record
from outbox.content import MAIL_ID
from outbox.models import MailEvent, OutboxMail
from outbox.selectors import mail_of_report
from outbox.signals import complained

logger = logging.getLogger(__name__)
Kind = MailEvent.Kind
State = OutboxMail.State
KINDS = {
    EventType.BOUNCED: Kind.BOUNCED,
    EventType.REJECTED: Kind.FAILED,
    EventType.FAILED: Kind.FAILED,
    EventType.COMPLAINED: Kind.COMPLAINED,
}
BECOMES = {Kind.BOUNCED: State.BOUNCED, Kind.FAILED: State.FAILED}
LONGEST_EVENT_ID = 254


def note(event: AnymailTrackingEvent, *, service: str) -> bool:
    """Whether the report told something new about a mail of ours; anything else is left alone."""
    kind = KINDS.get(event.event_type)
    if kind is None:
        return False
    mail = mail_of_report(
        service_id=str(event.message_id or ""),
        claimed_id=str((event.metadata or {}).get(MAIL_ID, "")),
    )
    if mail is None:
        logger.warning("%s reports %s for a mail that is not here.", service, kind)
        return False
    try:
        _note(mail, event, kind=kind, service=service)
    except IntegrityError:
        logger.info("%s reports again what is known of mail %s.", service, mail.id)
        return False
    return True


@transaction.atomic
def _note(mail: OutboxMail, event: AnymailTrackingEvent, *, kind: Kind, service: str) -> None:
    """Raises IntegrityError for a report that was noted before."""
    reason = _reason(event)
    MailEvent.objects.create(
        mail=mail, service=service, event_id=_event_id(event), kind=kind, reason=reason
    )
    record(action=f"mail.{kind}", subject=f"mail:{mail.id}", tenant_id=None, acting_user=None)
    if kind is Kind.COMPLAINED:
        complained.send(sender=OutboxMail, mail=mail)
    else:
        _end(mail, BECOMES[kind], reason)


def _end(mail: OutboxMail, state: OutboxMail.State, reason: str) -> None:
    """Also a mail that waits or is being sent again: its first copy has reached the service."""
    now = timezone.now()
    OutboxMail.objects.filter(id=mail.id).update(
        state=state,
        claimed_until=None,
        failed_at=now,
        handed_over_at=Coalesce("handed_over_at", now),
        last_error=reason,
    )


def _reason(event: AnymailTrackingEvent) -> str:
    parts = (event.reject_reason, event.description, event.mta_response)
    return " · ".join(str(part) for part in parts if part).replace("\0", "")[:2000]


def _event_id(event: AnymailTrackingEvent) -> str:
    """The service's id of the report, or, where it has none, one that follows from what is reported."""
    if event.event_id and len(event.event_id) <= LONGEST_EVENT_ID:
        return str(event.event_id)
    told = (event.message_id, event.event_type, event.recipient, event.timestamp, event.event_id)
    return hashlib.sha256(repr(told).encode()).hexdigest()
