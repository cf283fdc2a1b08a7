from __future__ import annotations

from typing import Any

from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SetPasswordForm as AllauthSetPasswordForm
from allauth.account.forms import UserTokenForm as AllauthUserTokenForm
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import browsers, passwords, sessions
from outbox.services import enqueue
from tenants.addresses import LONGEST_TYPED, AddressRefused, parse
from tenants.models import User
from tenants.selectors import user_by_address


def address_field() -> forms.CharField:
    return forms.CharField(
        label=_("E-mail address"),
        max_length=LONGEST_TYPED,
        strip=False,
        widget=forms.TextInput(
            attrs={
                "type": "email",
                "autocomplete": "username",
                "autocapitalize": "none",
                "spellcheck": "false",
                "inputmode": "email",
            }
        ),
    )


class LoginForm(AllauthLoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = address_field()
        self.order_fields(("login", "password", "remember"))

    def clean_login(self) -> str:
        """In its one spelling; what is no address is nobody's."""
        typed: str = self.cleaned_data["login"]
        try:
            return str(parse(typed))
        except AddressRefused:
            return typed

    def _login_with_password(
        self, request: HttpRequest, redirect_url: str | None, credentials: dict[str, Any]
    ) -> HttpResponse:
        response: HttpResponse = super()._login_with_password(request, redirect_url, credentials)
        if self.cleaned_data["remember"]:
            sessions.remember(request, self.user)
        return response


class ResetPasswordForm(forms.Form):
    """Asks for a reset link. Whoever the address belongs to, the answer is one page and one mail."""

    email = address_field()

    def clean_email(self) -> str:
        try:
            return str(parse(self.cleaned_data["email"]))
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None

    def save(self, request: HttpRequest, **_: Any) -> str:
        address: str = self.cleaned_data["email"]
        context: dict[str, object] = {
            "browser": browsers.describe(request.headers.get("User-Agent", ""))
        }
        user = user_by_address(address)
        if user is None or user.email is None:
            kind = "accounts.no_account"
        elif user.is_active:
            kind = "accounts.password_reset"
            context["user"] = str(user.id)
        else:
            kind = "accounts.not_active"
        # Mail to an account goes to its stored address, whichever alias was typed.
        to_address = user.email if user and user.email else address
        enqueue(kind=kind, to_address=to_address, language=get_language() or "en", context=context)
        return address


class HintsForThePerson:
    """allauth's own hints are made once, at start: in one language, and for nobody in particular."""

    fields: dict[str, forms.Field]
    user: User | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = passwords.hints_for(self.user)


class ChangePasswordForm(HintsForThePerson, AllauthChangePasswordForm):
    pass


class SetPasswordForm(HintsForThePerson, AllauthSetPasswordForm):
    pass


class ResetPasswordKeyForm(HintsForThePerson, AllauthResetPasswordKeyForm):
    pass


class UserTokenForm(AllauthUserTokenForm):
    """Whose reset link it is: nobody's, once the account has been switched off."""

    def _get_user(self, uidb36: str) -> User | None:
        user: User | None = super()._get_user(uidb36)
        return user if user and user.is_active else None


class ProfileForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("first_name", "last_name")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, hint in (("first_name", "given-name"), ("last_name", "family-name")):
            self.fields[name].required = True
            self.fields[name].widget.attrs["autocomplete"] = hint
