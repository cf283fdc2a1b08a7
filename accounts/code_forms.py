"""Typing a code: the second step of signing in, and proving again who one is."""

from __future__ import annotations

from typing import Any

from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm as AllauthAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as AllauthReauthenticateForm
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts import browsers, second_factors, throttle
from accounts.exceptions import SecretsUnreadable
from accounts.services import tell_of_wrong_codes
from tenants.models import User


class CodeFormMixin:
    user: User
    cleaned_data: dict[str, Any]

    def clean_code(self) -> str:
        code: str = self.cleaned_data["code"]
        attempt = throttle.begin_code(context.request, self.user)
        if not attempt.is_free:
            raise ValidationError(self._too_many(), code="too_many")
        try:
            authenticator = second_factors.authenticator_for(self.user, code)
        except SecretsUnreadable:
            raise ValidationError(unreadable(), code="unreadable") from None
        if authenticator is None:
            raise get_adapter().validation_error("incorrect_code")
        attempt.succeeded()
        self.authenticator = authenticator
        return code

    def _too_many(self) -> str:
        if throttle.WRONG_CODES_TOLD.take(str(self.user.pk)):
            agent = context.request.headers.get("User-Agent", "")
            tell_of_wrong_codes(user=self.user, browser=browsers.describe(agent))
        return _(
            "Too many wrong codes. Wait ten minutes, or choose a new password by mail: after that you can type a code at once. A passkey or security key works too."
        )


class AuthenticateForm(CodeFormMixin, AllauthAuthenticateForm):
    pass


class ReauthenticateForm(CodeFormMixin, AllauthReauthenticateForm):
    pass


def unreadable() -> str:
    """What happened, and who can help."""
    if settings.SUPPORT_EMAIL:
        return _(
            "The key that codes were kept under was lost, so no code can be checked any more. Use a passkey or security key if you have one, or write to %(support)s to have your second factors reset."
        ) % {"support": settings.SUPPORT_EMAIL}
    return _(
        "The key that codes were kept under was lost, so no code can be checked any more. Use a passkey or security key if you have one, or ask whoever runs this service to reset your second factors."
    )
