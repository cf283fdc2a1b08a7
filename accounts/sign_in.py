from __future__ import annotations

from allauth.account.internal.flows.login import perform_password_login
from allauth.account.models import Login
from django.http import HttpRequest, HttpResponse

from tenants.models import User


def sign_in_with_new_password(request: HttpRequest, user: User, *, next_url: str) -> HttpResponse:
    """Signs in somebody who has just chosen their password, and remembers that they gave it."""
    login = Login(user=user, redirect_url=next_url)
    response: HttpResponse = perform_password_login(request, {"email": user.email}, login)
    return response
