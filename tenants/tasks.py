from __future__ import annotations

import datetime as dt
import logging
import uuid
from typing import Any

from celery import Task, shared_task
from celery.schedules import crontab
from django.utils import timezone

from audit.exceptions import Refusal
from tenants.exceptions import NotProven
from tenants.flows import erase, hold, prove, purge, resume, take_over
from tenants.models import DomainProof
from tenants.proving.outcome import Outcome

logger = logging.getLogger(__name__)

SCHEDULE = {
    "tenants.recheck_domain_proofs": {
        "task": "tenants.tasks.recheck_domain_proofs",
        "schedule": 15.0,
    },
    "tenants.resume_takeovers": {"task": "tenants.tasks.resume_takeovers", "schedule": 60.0},
    "tenants.expire_domain_proofs": {
        "task": "tenants.tasks.expire_domain_proofs",
        "schedule": crontab(hour="3", minute="20"),
    },
    "tenants.purge_emptied": {
        "task": "tenants.tasks.purge_emptied",
        "schedule": crontab(hour="4", minute="40"),
    },
    "tenants.erase_accounts": {
        "task": "tenants.tasks.erase_accounts",
        "schedule": crontab(hour="4", minute="10"),
    },
}
# Whoever presses often asks other people's servers no more often than this.
MOST_OFTEN = dt.timedelta(seconds=3)
RETRIES = 3
AGAIN_AFTER = 5  # seconds, then twice and four times as long


@shared_task(bind=True, max_retries=RETRIES)
def check_domain_proof(self: Task[Any, Any], proof_id: str) -> None:
    """For whoever pressed the button and waits: tries again by itself only while servers do not answer."""
    proof = DomainProof.objects.select_related("actor__tenant").get(id=uuid.UUID(proof_id))
    asked = proof.checked_at if self.request.retries == 0 else None
    if asked and timezone.now() - asked < MOST_OFTEN:
        return
    try:
        prove.confirm(proof=proof, acting_user=proof.actor)
    except NotProven as refusal:
        retries = self.request.retries
        if refusal.outcome == Outcome.NOT_ASKED and retries < RETRIES:
            raise self.retry(countdown=AGAIN_AFTER * 2**retries) from None
    except Refusal as refusal:
        # Expired, blocked or switched off since somebody pressed the button; the page says which.
        logger.info("Proof %s is not asked for: %s", proof_id, type(refusal).__name__)


@shared_task
def recheck_domain_proofs() -> None:
    hold.recheck()


@shared_task
def expire_domain_proofs() -> None:
    hold.expire()


@shared_task
def erase_accounts() -> None:
    erase.erase_due()


@shared_task
def run_takeover(takeover_id: str) -> None:
    """For whoever pressed the button, in either direction; the journal says what became of it, and why it was
    refused.
    """
    try:
        take_over.carry_on(uuid.UUID(takeover_id))
    except Refusal as refusal:
        logger.info("Takeover %s was refused: %s", takeover_id, type(refusal).__name__)


@shared_task
def resume_takeovers() -> None:
    resume.resume()


@shared_task
def purge_emptied() -> None:
    purge.purge()
