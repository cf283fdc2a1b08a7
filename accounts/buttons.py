"""Pages behind a button."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

PageView = Callable[..., HttpResponseBase]


def pressed(page: str) -> Callable[[PageView], PageView]:
    """For a view that answers a press: whoever comes by its address is led to `page`, where the button is."""

    def decorate(view: PageView) -> PageView:
        @wraps(view)
        def wrapped(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST":
                to_page: HttpResponseBase = redirect(page, **kwargs)
                return to_page
            return view(request, **kwargs)

        return require_http_methods(["GET", "HEAD", "POST"])(wrapped)

    return decorate
