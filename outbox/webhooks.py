"""Where the mail service that is set reports to: anymail's views, which check its signature and secret.

Only the addresses of that service exist, and only where a secret is set.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from anymail import urls as anymail_urls
from anymail.exceptions import AnymailConfigurationError
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import URLPattern, path

logger = logging.getLogger(__name__)
View = Callable[..., HttpResponse]
# What reading a report raises when it is not formed as the service forms it.
MALFORMED = (
    *(ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError),
    AnymailConfigurationError,
)


def patterns(service: str) -> list[URLPattern]:
    """The addresses for reports of `service`, by its name in anymail."""
    names = {f"{service}_tracking_webhook", f"{service}_webhook"}
    return [
        path(str(found.pattern), understood(found.callback), name=found.name)
        for found in anymail_urls.urlpatterns
        if found.name in names
    ]


def understood(view: View) -> View:
    """A report that is not formed as it should be is refused: telling it again would not mend it."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except MALFORMED:
            logger.warning("A report of the mail service was malformed.", exc_info=True)
            return HttpResponseBadRequest()

    return wrapped
