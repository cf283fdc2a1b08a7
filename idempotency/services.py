"""What is asked for twice, with the same key, is done once; the second time, the first answer is given again.

The claim commits before the work begins, so that others see that it is in flight; that it is done commits with
the work itself, so that either both are there or neither is. What was refused or went wrong frees its key.

What commits step by step keeps its claim fresh, and is gone on with by the same key where it was ended in the middle.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from idempotency.exceptions import InFlight, NotAKey, OtherRequest
from idempotency.models import LONGEST_KEY, RequestKey

KEPT = dt.timedelta(hours=24)
# Whoever has claimed a key and not finished for so long is taken for dead.
GIVEN_UP_AFTER = dt.timedelta(minutes=5)
KEEP_EVERY = dt.timedelta(minutes=1)
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
    row = _claim(scope, key, request)
    if row.state == State.DONE:
        return Done(row.answer, is_repeated=True)
    with _freed_by_failure(row), transaction.atomic():
        answer = as_json(do())
        _finish(row, answer)
    return Done(answer, is_repeated=False)


def once_in_steps(
    *, scope: str, key: str, request: object, do: Callable[[Callable[[], None]], object]
) -> Done:
    """The same for what commits step by step, and finds what it did before when it is run again.

    `do` calls what it is given after each step, so that nobody takes it for dead while it works.
    """
    row = _claim(scope, key, request)
    if row.state == State.DONE:
        return Done(row.answer, is_repeated=True)
    with _freed_by_failure(row):
        answer = as_json(do(lambda: _keep(row)))
        _finish(row, answer)
    return Done(answer, is_repeated=False)


def answer_of(*, scope: str, key: str, request: object) -> Done | None:
    """What was done with the key, if it was: for what cannot claim it first. Raises NotAKey or OtherRequest."""
    _require_key(key)
    row = RequestKey.objects.filter(scope=scope, key=key, state=State.DONE).first()
    if row is None or _is_forgotten(row):
        return None
    if row.fingerprint != _fingerprint(request):
        raise OtherRequest
    return Done(row.answer, is_repeated=True)


def has_keys() -> bool:
    """Whether the database is one that keeps keys; an empty one is not."""
    return RequestKey._meta.db_table in connection.introspection.table_names()


def remember(*, scope: str, key: str, request: object, answer: object) -> None:
    """Notes what was done without a claim, over whatever the key was used for."""
    done = {
        "fingerprint": _fingerprint(request),
        "state": State.DONE,
        "answer": as_json(answer),
        "claim": uuid.uuid4(),
        "created_at": timezone.now(),
    }
    RequestKey.objects.update_or_create(scope=scope, key=key, defaults=done)


def as_json(value: object) -> Any:
    return json.loads(json.dumps(value, cls=DjangoJSONEncoder))


def purge() -> int:
    """Forgets keys after 24 hours; how many."""
    deleted, _ = RequestKey.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return deleted


def _fingerprint(request: object) -> str:
    text = json.dumps(as_json(request), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _require_key(key: str) -> None:
    if not (1 <= len(key) <= LONGEST_KEY and key.isprintable()):
        raise NotAKey(LONGEST_KEY)


@contextmanager
def _freed_by_failure(row: RequestKey) -> Iterator[None]:
    try:
        yield
    except BaseException:
        RequestKey.objects.filter(pk=row.pk, claim=row.claim, state=State.IN_FLIGHT).delete()
        raise


def _keep(row: RequestKey) -> None:
    """We live. Raises InFlight where somebody took us for dead."""
    now = timezone.now()
    if now - row.claimed_at < KEEP_EVERY:
        return
    row.claimed_at = now
    ours = RequestKey.objects.filter(pk=row.pk, claim=row.claim, state=State.IN_FLIGHT)
    if ours.update(claimed_at=now) != 1:
        raise InFlight


def _claim(scope: str, key: str, request: object) -> RequestKey:
    """Ours to do, or done already. Raises NotAKey, InFlight or OtherRequest."""
    _require_key(key)
    fingerprint = _fingerprint(request)
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
    row.claim, row.claimed_at = claim, now
    return row


def _finish(row: RequestKey, answer: object) -> None:
    """Hits no row where somebody took us for dead: then they do it, and what we did is undone."""
    hit = RequestKey.objects.filter(pk=row.pk, claim=row.claim, state=State.IN_FLIGHT).update(
        state=State.DONE, answer=answer
    )
    if hit != 1:
        raise InFlight
