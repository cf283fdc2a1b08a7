"""Telling workers that mail waits. A broker that is away costs nobody more than a moment."""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Callable

from celery import Celery, current_app
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from audit import origin

logger = logging.getLogger(__name__)

DELIVER_TASK = "outbox.tasks.deliver_mail"
DRAIN_TASK = "outbox.tasks.deliver_due_mail"
SILENCE_SECONDS = 5.0
GATHER_SECONDS = 0.03
# More go to workers in several messages, so that they share the work.
AT_ONCE = 10
NOT_ANSWERING = (OperationalError, RedisError, OSError)


class Announcer:
    """Sends messages to the broker, and after a failure none for some seconds.

    Requests go on meanwhile, without waiting for a broker that does not answer; the sweeper finds their
    mail. Of all threads, one tries again once the silence is over.
    """

    def __init__(
        self, app: Celery | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app or current_app
        self._clock = clock
        self._lock = threading.Lock()
        self._silent_until = 0.0
        self._is_away = False

    def send(self, task: str, *arguments: str, expires: float | None = None) -> bool:
        """Whether the broker took the message."""
        if not self._may_try():
            return False
        try:
            self._app.send_task(task, arguments, retry=False, expires=expires)
        except NOT_ANSWERING as error:
            self._note_failure(error)
            return False
        self._note_success()
        return True

    def _may_try(self) -> bool:
        with self._lock:
            if not self._is_away:
                return True
            if self._clock() < self._silent_until:
                return False
            self._silent_until = self._clock() + SILENCE_SECONDS
            return True

    def _note_failure(self, error: Exception) -> None:
        with self._lock:
            self._is_away, self._silent_until = True, self._clock() + SILENCE_SECONDS
        logger.warning(
            "The broker does not answer (%s); mail waits for the sweeper.", type(error).__name__
        )

    def _note_success(self) -> None:
        with self._lock:
            was_away, self._is_away = self._is_away, False
        if was_away:
            logger.info("The broker answers again.")


class Gatherer:
    """Tells workers of many mails by one message: of all that committed within a moment.

    Sending a message takes a web process longer than a query does. What waits here when a process is killed is
    found by the sweeper.
    """

    def __init__(self, announcer: Announcer, seconds: float = GATHER_SECONDS) -> None:
        self._announcer = announcer
        self._seconds = seconds
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._timer: threading.Timer | None = None

    def add(self, mail_id: str) -> None:
        with self._lock:
            self._waiting.append(mail_id)
            # A timer that did not come along through a fork is not alive.
            if self._timer is None or not self._timer.is_alive():
                caused_by = origin.current().request_id
                self._timer = threading.Timer(self._seconds, self._send, (caused_by,))
                # No daemon: a process that ends sends first what it gathered.
                self._timer.start()

    def _send(self, request_id: str) -> None:
        # One message, one id in the log: that of the request whose mail came first.
        origin.begin_task(request_id)
        while mail_ids := self._taken():
            self._announcer.send(DELIVER_TASK, *mail_ids)

    def _taken(self) -> list[str]:
        with self._lock:
            taken, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            if not taken:
                self._timer = None
            return taken


_announcer = Announcer()
_gatherer = Gatherer(_announcer)


def announce(mail_id: uuid.UUID) -> None:
    """Tells a worker of a mail, soon. Where the broker is away the mail waits for the sweeper."""
    _gatherer.add(str(mail_id))


def ask(task: str, *arguments: str, expires: float | None = None) -> bool:
    """Asks a worker for a task that somebody waits for; whether the broker took it."""
    return _announcer.send(task, *arguments, expires=expires)


def announce_due(*, expires: float) -> None:
    """Asks a worker to hand over what is due; forgotten by the broker after `expires` seconds."""
    _announcer.send(DRAIN_TASK, expires=expires)
