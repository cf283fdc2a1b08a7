"""The way to the mail server: one connection for each thread, kept while there is mail.

A kept connection is asked (NOOP) before it is used, because a server closes those that idle, and left
after some mails, because servers count. Whatever goes wrong with it, the next mail gets a new one.
"""

from __future__ import annotations

import logging
import smtplib
import threading
import time

from anymail.backends.base_requests import AnymailRequestsBackend
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

logger = logging.getLogger(__name__)

MAILS_PER_CONNECTION = 100
IDLE_SECONDS = 5.0
OK = 250
Backend = BaseEmailBackend


class Connection:
    """Opened for the first mail, closed after some mails or when it idles."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._backend: Backend | None = None
        self._used = 0
        self._last_used = 0.0

    def send(self, message: EmailMultiAlternatives) -> None:
        with self._lock:
            backend = self._ready()
            try:
                backend.send_messages([message])
            except BaseException:
                self._close()
                raise
            self._used += 1
            self._last_used = time.monotonic()
            if self._used >= MAILS_PER_CONNECTION:
                self._close()

    def _ready(self) -> Backend:
        if self._backend is not None and not answers(self._backend):
            self._close()
        if self._backend is None:
            backend = get_connection()
            if not isinstance(backend, SmtpBackend | AnymailRequestsBackend):
                return backend
            backend.open()
            self._backend, self._used = backend, 0
            self._watch(backend, IDLE_SECONDS)
        return self._backend

    def _watch(self, backend: Backend, seconds: float) -> None:
        watch = threading.Timer(seconds, self._close_if_idle, (backend,))
        watch.daemon = True
        watch.start()

    def _close_if_idle(self, backend: Backend) -> None:
        with self._lock:
            if self._backend is not backend:
                return
            left = self._last_used + IDLE_SECONDS - time.monotonic()
            if left > 0:
                self._watch(backend, left)
            else:
                self._close()

    def _close(self) -> None:
        backend, self._backend = self._backend, None
        if backend is None:
            return
        try:
            backend.close()
        except (smtplib.SMTPException, OSError) as error:
            logger.debug("Closing the connection: %s", type(error).__name__)


def answers(backend: Backend) -> bool:
    """Whether a kept connection still works. A mail service is asked by HTTP, which finds out by itself."""
    if not isinstance(backend, SmtpBackend):
        return True
    if backend.connection is None:
        return False
    try:
        return bool(backend.connection.noop()[0] == OK)
    except (smtplib.SMTPException, OSError):
        return False


_of_thread = threading.local()


def send(message: EmailMultiAlternatives) -> str:
    """Hands one message over; the id that a mail service gave it, which a mail server does not.

    Raises what the mail server's or service's library raises.
    """
    if not hasattr(_of_thread, "connection"):
        _of_thread.connection = Connection()
    _of_thread.connection.send(message)
    status = getattr(message, "anymail_status", None)
    return str(status.message_id or "")[:254] if status else ""
