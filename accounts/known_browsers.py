"""Browsers that signed in before: a cookie each, so that guessers elsewhere do not get in their way.

OWASP, "Slow Down Online Guessing Attacks with Device Cookies". The cookie names accounts by id and, for
each, an id of the browser with a proof that stands on `User.get_session_auth_hash`: a new password, and
ending all sessions, make it worthless. It gets new ids at every sign-in.
"""

from __future__ import annotations

import datetime as dt
import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare, salted_hmac

from tenants.models import User

LASTS = dt.timedelta(days=180)
MOST_ACCOUNTS = 5
SALT = "accounts.known_browsers"
Kept = dict[str, tuple[str, str]]


def has_any(request: HttpRequest) -> bool:
    return bool(_read(request))


def known_as(request: HttpRequest, user: User) -> str | None:
    """The id of this browser for `user`; None where they have not signed in with it before."""
    browser, proof = _read(request).get(str(user.pk), ("", ""))
    return browser if browser and constant_time_compare(proof, _proof(user, browser)) else None


def remember(response: HttpResponse, request: HttpRequest, user: User) -> None:
    """Lets `response` leave the cookie in a browser in which `user` has just signed in."""
    browser = secrets.token_urlsafe(12)
    kept = {str(user.pk): (browser, _proof(user, browser))}
    others = {name: value for name, value in _read(request).items() if name not in kept}
    kept |= dict(list(others.items())[: MOST_ACCOUNTS - 1])
    response.set_cookie(
        settings.KNOWN_BROWSER_COOKIE_NAME,
        signing.dumps(kept, salt=SALT),
        max_age=int(LASTS.total_seconds()),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _read(request: HttpRequest) -> Kept:
    cookie = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
    try:
        kept: Kept = signing.loads(cookie, salt=SALT, max_age=LASTS)
    except signing.BadSignature:
        return {}
    return kept


def _proof(user: User, browser: str) -> str:
    value = f"{user.pk} {browser} {user.get_session_auth_hash()}"
    return salted_hmac(SALT, value, algorithm="sha256").hexdigest()[:32]
