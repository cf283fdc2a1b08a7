"""Which sign-up this browser asked for: a signed cookie, so that asking costs no row of a session.

It holds the sign-up's id and tells nothing else; whoever has it sees what became of the mail.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from signup.models import SignUp
from signup.selectors import sign_up_with_id

SALT = "signup.asking"


def remember(response: HttpResponse, sign_up: SignUp) -> HttpResponse:
    response.set_signed_cookie(
        settings.ASKING_COOKIE_NAME,
        str(sign_up.id),
        salt=SALT,
        max_age=settings.SESSION_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response


def asked_for(request: HttpRequest) -> SignUp | None:
    """The sign-up that was last asked for in this browser."""
    given = request.get_signed_cookie(
        settings.ASKING_COOKIE_NAME, None, salt=SALT, max_age=settings.SESSION_COOKIE_AGE
    )
    return sign_up_with_id(given) if given else None
