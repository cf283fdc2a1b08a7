"""Sessions: how long they last, and that their key changes when what they may do changes.

A session notes when it began and when it was last used, and the server goes by that, whatever cookie a
browser keeps (OWASP ASVS 5.0, 7.3). Use is noted once a minute at most. What makes a session believed at
all is `User.get_session_auth_hash`.
"""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass

from allauth.account.adapter import get_adapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.backends.base import UpdateError
from django.http import HttpRequest
from django.utils import timezone

from tenants.models import User

BEGAN, USED, FIRST_STEP = "session_began", "session_used", "first_step"
NOTED_EVERY = 60  # seconds
STAFF = (User.Role.OPERATOR, User.Role.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Span:
    """How long a session may be idle, and how long it may last."""

    idle: dt.timedelta
    longest: dt.timedelta


def members_span() -> Span:
    return Span(settings.SESSION_IDLE, settings.SESSION_LONGEST)


def staff_span() -> Span:
    return Span(settings.STAFF_SESSION_IDLE, settings.STAFF_SESSION_LONGEST)


def span_for(user: User) -> Span:
    return staff_span() if user.role in STAFF else members_span()


def note_first_step(request: HttpRequest, user: User) -> None:
    """`user` has given the password; a second step may follow, minutes later."""
    request.session[FIRST_STEP] = user.get_session_auth_hash()


def first_step_still_holds(request: HttpRequest, user: User) -> bool:
    """Whether the password is the one that was given, and sessions were not ended since. Ask once."""
    return bool(request.session.pop(FIRST_STEP, "") == user.get_session_auth_hash())


def stands_on(request: HttpRequest, user: User) -> str:
    """What the sign-in at hand, finished or not, stands on."""
    return str(request.session.get(FIRST_STEP) or user.get_session_auth_hash())


def begin(request: HttpRequest, user: User) -> None:
    """Starts the clocks of a session in which `user` has just signed in."""
    request.session[BEGAN] = request.session[USED] = time.time()
    if "_session_expiry" not in request.session:
        remember(request, user)


def remember(request: HttpRequest, user: User) -> None:
    """Lets the browser keep the session's cookie beyond its own end."""
    request.session.set_expiry(int(span_for(user).longest.total_seconds()))


def is_over(request: HttpRequest, user: User) -> bool:
    """Whether the session was idle for too long or has lasted too long, by the limits of now."""
    span, now = span_for(user), time.time()
    idle = now - request.session.get(USED, now)
    age = now - request.session.get(BEGAN, now)
    return bool(idle >= span.idle.total_seconds() or age >= span.longest.total_seconds())


def note_use(request: HttpRequest) -> bool:
    """Notes that the session is in use; False where it was ended in this very moment."""
    now = time.time()
    if now - request.session.get(USED, 0) < NOTED_EVERY:
        return True
    request.session[USED] = now
    # A session from before there were limits begins now.
    request.session.setdefault(BEGAN, now)
    try:
        # At once, so that what another request stores meanwhile is not overwritten at the end of this one.
        request.session.save()
    except UpdateError:
        return False
    request.session.modified = False
    listed = UserSession.objects.filter(session_key=request.session.session_key)
    if not listed.update(last_seen_at=timezone.now(), ip=get_adapter().get_client_ip(request)):
        UserSession.objects.create_from_request(request)
    return True


def rotate(request: HttpRequest) -> None:
    """Gives the session a new key; the old one is worth nothing from now on."""
    old = request.session.session_key
    request.session.cycle_key()
    # Before it is listed: who cleans the list up meanwhile would take it for one that ended.
    request.session.save()
    UserSession.objects.filter(session_key=old).update(session_key=request.session.session_key)
