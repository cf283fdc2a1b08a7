from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.signals import (
    authentication_step_completed,
    password_changed,
    password_reset,
    password_set,
)
from allauth.account.signals import user_logged_in as signed_in
from allauth.core.internal.httpkit import HTTP_USER_AGENT_MAX_LENGTH
from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added
from allauth.usersessions.models import UserSession
from allauth.usersessions.signals import on_user_logged_in
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext

from accounts import fresh_factor, services, sessions, throttle
from accounts.flows import prove_mailbox
from tenants import services as directory
from tenants.models import User
from tenants.signals import account_shut, address_changed


@receiver(user_logged_in)
def begin_the_session(request: HttpRequest | None, user: User, **_: Any) -> None:
    if request:
        sessions.begin(request, user)


signed_in.disconnect(on_user_logged_in)


@receiver(signed_in)
def list_the_session(request: HttpRequest, user: User, *, is_new: bool = False, **_: Any) -> None:
    """As allauth's own receiver, in place of it, in two queries: at a sign-in, the key is always new. An account that
    was made just now has no earlier sessions, and is asked for none.
    """
    for earlier in () if is_new else UserSession.objects.filter(user_id=user.pk):
        earlier.purge()
    # Before it is listed: who cleans the list up meanwhile would take it for one that ended.
    request.session.save()
    UserSession.objects.create(
        user=user,
        ip=get_adapter().get_client_ip(request),
        session_key=request.session.session_key,
        user_agent=request.META.get("HTTP_USER_AGENT", "")[:HTTP_USER_AGENT_MAX_LENGTH],
    )


@receiver(user_logged_in)
def finish_proving_the_mailbox(request: HttpRequest | None, user: User, **_: Any) -> None:
    """Whoever pressed the button of the mail in this browser had to sign in first."""
    if request and prove_mailbox.finish_press(request, user):
        messages.success(request, gettext("Thank you. Your mailbox is confirmed."))


@receiver(password_reset)
def the_mail_of_a_reset_proves_the_mailbox(user: User, **_: Any) -> None:
    directory.prove_mailbox(user=user, acting_user=user)
    if user.email:
        throttle.RESET_MAIL.answered(user.email.rpartition("@")[2])


@receiver(authentication_step_completed)
def rotate_after_proving_again(
    request: HttpRequest, user: User, *, reauthenticated: bool = False, **_: Any
) -> None:
    """Whoever had the session's key before has not proved anything."""
    if reauthenticated and request.user.is_authenticated and request.user.pk == user.pk:
        sessions.rotate(request)


@receiver(authenticator_added)
def whoever_sets_a_factor_up_has_given_it(
    request: HttpRequest, user: User, authenticator: Authenticator, **_: Any
) -> None:
    """They have just shown that they hold it; the password was asked for before."""
    if authenticator.type in fresh_factor.REAL:
        record_authentication(
            request, user, "mfa", id=authenticator.pk, type=authenticator.type, reauthenticated=True
        )


@receiver([password_changed, password_set, password_reset])
def forget_the_sessions_that_ended(request: HttpRequest, user: User, **_: Any) -> None:
    """They ended by the change itself; this takes them off the list."""
    key = request.session.session_key or ""
    UserSession.objects.filter(user_id=user.pk).exclude(session_key=key).delete()


@receiver(address_changed)
def ask_for_the_new_mailbox(user: User, **_: Any) -> None:
    prove_mailbox.ask_at_new_address(user)


@receiver(account_shut)
def end_what_lets_its_owner_in(user: User, state: User.State, **_: Any) -> None:
    services.forget_sessions(user=user)
    if state is User.State.CLOSED:
        Authenticator.objects.filter(user_id=user.pk).delete()
