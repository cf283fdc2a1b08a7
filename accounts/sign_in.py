from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from tenants.models import User

NONE: Mapping[str, str] = MappingProxyType({})


def sign_in_with_new_password(
    request: HttpRequest,
    user: User,
    *,
    next_url: str,
    notes: Mapping[str, str] = NONE,
    is_new: bool = False,
) -> HttpResponse:
    """Signs in somebody who has just chosen their password, and does not ask for it again at once.

    The new session begins with `notes`, so that it is written once. `is_new`: the account was made just now.
    """
    if request.user.is_authenticated:
        logout(request)  # somebody else, on a shared computer: nothing of theirs goes on
    request.session.update(notes)
    record_authentication(request, user, method="password", email=user.email, reauthenticated=True)
    login = Login(user=user, redirect_url=next_url, signup=True, signal_kwargs={"is_new": is_new})
    response: HttpResponse = perform_login(request, login)
    return response
