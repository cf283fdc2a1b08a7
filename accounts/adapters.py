"""allauth in our terms: no sign-up of its own, mail through the outbox, secrets encrypted at rest."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts import browsers, fresh_factor, known_browsers, second_factors, sessions
from accounts.mails import NOTICES
from accounts.return_urls import safe_return_url
from accounts.services import set_password, tell_of_new_browser
from outbox.services import enqueue
from tenants.models import User


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": _(
            "Address or password is wrong. Try again, or choose a new password under “Forgot your password?”."
        ),
        "incorrect_password": _(
            "The password is wrong. Try again, or choose a new one under “Forgot your password?”."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """ALLOWED_HOSTS, which allauth would go by, also has loopback names, for health checks."""
        return bool(url and safe_return_url(url))

    def get_client_ip(self, request: HttpRequest) -> str:
        """Our middleware has already looked behind trusted proxies."""
        return request.META.get("REMOTE_ADDR") or "0.0.0.0"  # noqa: S104 -- a Unix socket has none

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Where a second factor is asked for, a password is no other way; nor to change the factors of staff, or
        whoever has the password would take them away and be asked for none.
        """
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        is_needed = isinstance(user, User) and fresh_factor.is_needed_by(user)
        if is_needed or fresh_factor.is_asked_for(self.request):
            return [method for method in methods if method["id"] != "reauthenticate"]
        return methods

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        """The password alone: saving all of a row would undo what others changed in it meanwhile."""
        assert isinstance(user, User)
        set_password(user=user, password=password, acting_user=user)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing of allauth's sends mail past the outbox."""
        raise NotImplementedError(f"No mail is defined for {template_prefix}.")

    def send_notification_mail(
        self,
        template_prefix: str,
        user: AbstractBaseUser,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """A notice that a credential changed, to the account's stored address."""
        assert isinstance(user, User)
        if user.email is None:
            return
        enqueue(
            kind=NOTICES[template_prefix],
            to_address=user.email,
            language=get_language() or user.language,
            context={"browser": browsers.describe(self.get_http_user_agent(self.request))},
        )

    def pre_login(
        self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any
    ) -> HttpResponse | None:
        """Notes what the sign-in stands on: its second step may come after the password changed."""
        assert isinstance(user, User)
        refusal: HttpResponse | None = super().pre_login(request, user, **kwargs)
        if refusal is None:
            sessions.note_first_step(request, user)
        return refusal

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        assert isinstance(user, User)
        if not sessions.first_step_still_holds(request, user):
            clear_login(request)
            raise ImmediateHttpResponse(redirect("account_login"))
        super().login(request, user)

    def post_login(
        self, request: HttpRequest, user: AbstractBaseUser, *, signup: bool, **kwargs: Any
    ) -> HttpResponse:
        """Remembers the browser, and tells the owner of one that was not used before."""
        assert isinstance(user, User)
        response: HttpResponse = super().post_login(request, user, signup=signup, **kwargs)
        if not signup and not known_browsers.known_as(request, user):
            tell_of_new_browser(
                user=user, browser=browsers.describe(self.get_http_user_agent(request))
            )
        known_browsers.remember(response, request, user)
        return response


class SecondFactorAdapter(DefaultMFAAdapter):
    def generate_authenticator_name(
        self,
        user: AbstractBaseUser,
        type: Authenticator.Type,  # noqa: A002 -- allauth's name
    ) -> str:
        """What the form proposes. allauth says "Master key" for the first, which is none."""
        has = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return gettext("Key %(number)d") % {"number": has + 1} if has else gettext("My key")

    def _get_site_name(self) -> str:
        return settings.PRODUCT_NAME

    def encrypt(self, text: str) -> str:
        return second_factors.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return second_factors.decrypt(encrypted_text)
