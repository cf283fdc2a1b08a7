"""allauth's forms that take what an authenticator answered, from whoever sends them whatever they like."""

from __future__ import annotations

import struct
from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms as allauth
from allauth.mfa.webauthn.internal.auth import parse_authentication_response
from django import forms
from django.forms.fields import InvalidJSONInput

# What the parser of authenticators' answers raises, somewhere deep inside, about what is none.
MALFORMED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    struct.error,
)


class AnswerField(forms.JSONField):
    """A JSON object, at a depth that can be read."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        try:
            answer = super().to_python(value)
        except RecursionError:
            answer = None
        if not isinstance(answer, dict):
            raise get_adapter().validation_error("incorrect_code")
        return answer

    def bound_data(self, data: Any, initial: Any) -> Any:
        """An answer is good once: the form that comes back has none."""
        return InvalidJSONInput("")


class _ChecksAnswer(allauth.AuthenticateWebAuthnForm):
    credential = AnswerField()

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()
        except MALFORMED:
            raise get_adapter().validation_error("incorrect_code") from None


class LoginForm(_ChecksAnswer, allauth.LoginWebAuthnForm):
    def clean_credential(self) -> Any:
        """Alone, a key has to have seen its PIN, a finger or a face. The challenge in the session may come
        from a page that did not ask for that, because a password came before.
        """
        answer = self.cleaned_data["credential"]
        authenticator = super().clean_credential()
        data = parse_authentication_response(answer).response.authenticator_data
        if not data.is_user_verified():
            raise get_adapter().validation_error("incorrect_code")
        return authenticator


class AuthenticateForm(_ChecksAnswer):
    pass


class ReauthenticateForm(_ChecksAnswer, allauth.ReauthenticateWebAuthnForm):
    pass


class AddForm(allauth.AddWebAuthnForm):
    credential = AnswerField()

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
            return cleaned
        except MALFORMED:
            raise get_adapter().validation_error("incorrect_code") from None
