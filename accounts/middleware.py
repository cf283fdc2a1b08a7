"""What happens around the requests of signed-in people: their session's limits, and nothing for caches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _

from accounts import fresh_factor, sessions
from audit.freshness import FreshFactorNeeded
from tenants.models import User


class SessionLimitsMiddleware:
    """Ends sessions that are over, and says so on the sign-in page, which leads back to where one was."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_ended = self._has_ended(request)
        is_personal = request.user.is_authenticated
        response = self.get_response(request)
        if has_ended and _leads_to_sign_in(response):
            messages.info(request, _("Your session has ended. Sign in again to go on."))
        if is_personal or request.user.is_authenticated:
            add_never_cache_headers(response)
        return response

    @staticmethod
    def _has_ended(request: HttpRequest) -> bool:
        if not isinstance(request.user, User):
            if SESSION_KEY in request.session:
                # Of an account that was switched off: it must not come back when the account does.
                logout(request)
            # It came with a key that is worth nothing: too old, or ended from elsewhere.
            came_with_key = settings.SESSION_COOKIE_NAME in request.COOKIES
            return came_with_key and request.session.session_key is None
        if not sessions.is_over(request, request.user) and sessions.note_use(request):
            return False
        logout(request)
        return True


def _leads_to_sign_in(response: HttpResponse) -> bool:
    path = urlsplit(response.headers.get("Location", "")).path
    return path in {reverse("account_login"), reverse("admin:login")}


class NewPasswordMiddleware:
    """Whoever must choose a new password does nothing else before."""

    # What choosing one needs, and what everybody may see who is not signed in at all.
    OPEN = frozenset(
        {
            "account_change_password",
            "account_set_password",
            "account_reset_password",
            "account_reset_password_done",
            "account_reset_password_from_key",
            "account_reset_password_from_key_done",
            "account_logout",
            "picture",
            "sound",
            "legal",
            "set_language",
            "healthz",
            "readyz",
            "metrics",
        }
    )

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_args: Any) -> HttpResponse | None:
        match = request.resolver_match
        if not isinstance(request.user, User) or not request.user.must_choose_password:
            return None
        if match and match.url_name in self.OPEN:
            return None
        messages.info(request, _("Choose a new password before you go on."))
        return redirect("account_change_password")


class FreshFactorMiddleware:
    """Whatever page says that it needs a fresh second factor: the way to the proof and back."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> None:
        fresh_factor.put_back(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, FreshFactorNeeded):
            return fresh_factor.ask(request)
        return None
