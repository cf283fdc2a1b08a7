"""Takeovers that were begun and not ended, in either direction: taken up again, and given up in the end.

What was prepared is given up after a day, and nothing has changed. Undoing is tried some times and then waits for an
operator, who finds the cause in the log: so it is neither tried for ever nor forgotten.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from audit.exceptions import Refusal
from tenants.flows import take_over
from tenants.models import Takeover
from tenants.takeover.exceptions import Failed
from tenants.takeover.journal import give_up, note

logger = logging.getLogger(__name__)

# What nobody finished for so long is taken up again.
RESUMED_AFTER = dt.timedelta(minutes=1)
GIVEN_UP_AFTER = dt.timedelta(days=1)
# Once a minute: long enough for a database that is away for a while.
MOST_ATTEMPTS = 15
State = Takeover.State


def resume(
    *, older_than: dt.timedelta = RESUMED_AFTER, also_given_up: bool = False
) -> list[Takeover]:
    """Those that ended, whichever way."""
    begun = Q(state=State.PREPARED, created_at__lte=timezone.now() - older_than)
    waiting = Takeover.objects.filter(begun | Q(state=State.UNDOING)).order_by("created_at")
    if not also_given_up:
        waiting = waiting.filter(given_up_at__isnull=True)
    return [ended for takeover in waiting if (ended := _carry_on(takeover))]


def _carry_on(takeover: Takeover) -> Takeover | None:
    """Counted before it is tried, so that what takes its worker down with it is counted too."""
    Takeover.objects.filter(pk=takeover.pk).update(attempts=F("attempts") + 1)
    try:
        return take_over.carry_on(takeover.pk)
    except Refusal as refusal:
        logger.warning("Takeover %s was given up: %s", takeover.pk, type(refusal).__name__)
    except (
        Exception
    ):  # others were in the way, or something does not fit together: the next one may be fine
        logger.exception("Takeover %s failed, and is tried again.", takeover.pk)
        _give_up_in_the_end(takeover)
    return None


def _give_up_in_the_end(takeover: Takeover) -> None:
    """So that its domain is not held up for ever. The log says what was wrong."""
    if takeover.state == State.UNDOING:
        _leave_to_operators(takeover)
    elif takeover.created_at < timezone.now() - GIVEN_UP_AFTER:
        give_up(takeover.pk, State.PREPARED, Failed(takeover.domain_name))


@transaction.atomic
def _leave_to_operators(takeover: Takeover) -> None:
    tried = Takeover.objects.filter(
        pk=takeover.pk, state=State.UNDOING, attempts__gte=MOST_ATTEMPTS, given_up_at__isnull=True
    )
    if tried.update(given_up_at=timezone.now()):
        note("takeover.undo_given_up", takeover, takeover.target_tenant_id, None)
        logger.error("Undoing takeover %s waits for resume_takeovers.", takeover.pk)
