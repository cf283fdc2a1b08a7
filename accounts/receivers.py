from __future__ import annotations

from typing import Any

from allauth.account.signals import (
    authentication_step_completed,
    password_changed,
    password_reset,
    password_set,
)
from allauth.usersessions.models import UserSession
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import sessions
from tenants.models import User


@receiver(user_logged_in)
def begin_the_session(request: HttpRequest | None, user: User, **_: Any) -> None:
    if request:
        sessions.begin(request, user)


@receiver(authentication_step_completed)
def rotate_after_proving_again(
    request: HttpRequest, user: User, *, reauthenticated: bool = False, **_: Any
) -> None:
    """Whoever had the session's key before has not proved anything."""
    if reauthenticated and request.user.is_authenticated and request.user.pk == user.pk:
        sessions.rotate(request)


@receiver([password_changed, password_set, password_reset])
def forget_the_sessions_that_ended(request: HttpRequest, user: User, **_: Any) -> None:
    """They ended by the change itself; this takes them off the list."""
    key = request.session.session_key or ""
    UserSession.objects.filter(user_id=user.pk).exclude(session_key=key).delete()
