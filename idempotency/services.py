"""What is asked for twice, with the same key, is done once; the second time, the first answer is given again.

The claim commits before the work begins, so that others see that it is in flight; that it is done commits with
the work itself, so that either both are there or neither is. What was refused or went wrong frees its key.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.utils import timezone

from idempotency.exceptions import InFlight, NotAKey, OtherRequest
from idempotency.models import LONGEST_KEY, RequestKey

KEPT = dt.timedelta(hours=24)
# Whoever has claimed a key and not finished for so long is taken for dead.
GIVEN_UP_AFTER = dt.timedelta(minutes=5)
State = RequestKey.State


@dataclass(frozen=True, slots=True)
class Done:
    """`answer` is what `do` gave, as JSON has it; `is_repeated`: it was done before."""

    answer: Any
    is_repeated: bool


def once(*, scope: str, key: str, request: object, do: Callable[[], object]) -> Done:
    """Does it in one transaction, unless it was done with this key in the last 24 hours.

    `scope` says who asks and for what; `request`, all that is asked for; both it and what `do` gives can be
    written as JSON, and are never a secret. Raises NotAKey, OtherRequest, InFlight, and whatever `do` raises.
    """
    if not (1 <= len(key) <= LONGEST_KEY and key.isprintable()):
        raise NotAKey(LONGEST_KEY)
    row = _claim(scope, key, _fingerprint(request))
    if row.state == State.DONE:
        return Done(row.answer, is_repeated=True)
    try:
        with transaction.atomic():
            answer = as_json(do())
            _finish(row, answer)
    except BaseException:
        RequestKey.objects.filter(pk=row.pk, claim=row.claim, state=State.IN_FLIGHT).delete()
        raise
    return Done(answer, is_repeated=False)


def as_json(value: object) -> Any:
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def purge() -> int:
    """Forgets keys after 24 hours; how many."""
    deleted, _ = RequestKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted


def _fingerprint(request: object) -> str:
    text = json.dumps(as_json(request), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _claim(scope: str, key: str, fingerprint: str) -> RequestKey:
    """Ours to do, or done already. Raises InFlight or OtherRequest."""
    for _ in range(2):
        try:
            with transaction.atomic():
                return RequestKey.objects.create(scope=scope, key=key, fingerprint=fingerprint)
        except IntegrityError:
            row = RequestKey.objects.filter(scope=scope, key=key).first()
        if row and not _is_forgotten(row):
            return _claim_again(row, fingerprint)
    raise InFlight


def _is_forgotten(row: RequestKey) -> bool:
    """Too old: its key is as good as new."""
    old = timezone.now() - KEPT
    if row.created_at >= old:
        return False
    RequestKey.objects.filter(pk=row.pk, created_at__lt=old).delete()
    return True


def _claim_again(row: RequestKey, fingerprint: str) -> RequestKey:
    if row.fingerprint != fingerprint:
        raise OtherRequest
    if row.state == State.DONE:
        return row
    now, claim = timezone.now(), uuid.uuid4()
    hit = RequestKey.objects.filter(
        pk=row.pk, claim=row.claim, state=State.IN_FLIGHT, claimed_at__lt=now - GIVEN_UP_AFTER
    ).update(claim=claim, claimed_at=now)
    if hit != 1:
        raise InFlight
    row.claim = claim
    return row


def _finish(row: RequestKey, answer: object) -> None:
    """Hits no row where somebody took us for dead: then they do it, and what we did is undone."""
    hit = RequestKey.objects.filter(pk=row.pk, claim=row.claim, state=State.IN_FLIGHT).update(
        state=State.DONE, answer=answer
    )
    if hit != 1:
        raise InFlight
