"""The WSGI application that gunicorn serves."""

from __future__ import annotations

import os

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rms_portal.settings")


class Utf8Request(WSGIRequest):
    """Read as UTF-8, as browsers send it, whatever encoding a stranger declares.

    Django takes the declared one at its word while it makes the request, where nothing catches what comes
    of `charset=hex`, which Python knows and which is no encoding of text.
    """

    @property
    def encoding(self) -> str | None:
        """Of the settings: UTF-8."""
        return None

    @encoding.setter
    def encoding(self, declared: str | None) -> None:
        pass


class Handler(WSGIHandler):
    request_class = Utf8Request


django.setup(set_prefix=False)
application = Handler()
