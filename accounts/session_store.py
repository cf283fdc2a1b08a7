"""Where sessions are kept: in Django's table, written once where Django writes a new session three times.

Django makes an empty row first, to be sure of the key, and fills it at the end of the request, whether or
not it was saved meanwhile. A key has 160 random bits, and the insert shows that it is new.
"""

from __future__ import annotations

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.utils.crypto import get_random_string

KEY_LENGTH = 32


class SessionStore(db.SessionStore):
    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._is_new = False
        self._written = b""

    def create(self) -> None:
        self._session_key = get_random_string(KEY_LENGTH, VALID_KEY_CHARS)
        self._is_new = self.modified = True

    def save(self, must_create: bool = False) -> None:
        if self.session_key is None:
            self.create()
        content = self.serializer().dumps([self.session_key, dict(self.items())])
        if content == self._written:
            return
        super().save(must_create=must_create or self._is_new)
        self._is_new, self._written = False, content
