from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from limits import challenge, pictures


@never_cache
@require_safe
def picture(request: HttpRequest, token: str) -> HttpResponse:
    return _of_digits(token, pictures.picture, "image/png")


@never_cache
@require_safe
def sound(request: HttpRequest, token: str) -> HttpResponse:
    return _of_digits(token, pictures.sound, "audio/wav")


def _of_digits(token: str, make: Callable[[str], bytes], content_type: str) -> HttpResponse:
    digits = challenge.digits_of(token)
    if digits is None:
        raise Http404
    return HttpResponse(make(digits), content_type=content_type)
