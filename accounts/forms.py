from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.forms import ChangePasswordForm as AllauthChangePasswordForm
from allauth.account.forms import LoginForm as AllauthLoginForm
from allauth.account.forms import ReauthenticateForm as AllauthReauthenticateForm
from allauth.account.forms import ResetPasswordKeyForm as AllauthResetPasswordKeyForm
from allauth.account.forms import SetPasswordForm as AllauthSetPasswordForm
from allauth.account.forms import UserTokenForm as AllauthUserTokenForm
from allauth.core import context
from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import browsers, passwords, sessions, throttle
from limits.forms import ChallengedForm
from outbox.services import enqueue
from tenants.addresses import LONGEST_TYPED, Address, AddressRefused, parse
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


class PasswordProofForm(ChallengedForm):
    """A form that checks a password, and asks for digits where too many were wrong."""

    def prove(self, request: HttpRequest, address: str, is_right: Callable[[], bool]) -> bool:
        """Whether the password is right. Raises ValidationError where digits have to be typed first."""
        attempt = throttle.begin(request, address)
        if not attempt.is_free and not self.solves_challenge():
            self.ask_for_digits()
            raise ValidationError(
                _("Please type the password once more, and the digits below."), code="digits"
            )
        if not is_right():
            return False
        attempt.succeeded()
        return True


class LoginForm(PasswordProofForm, AllauthLoginForm):
    challenge_purpose = "accounts.sign_in"

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

    def _clean_with_password(self, credentials: dict[str, Any]) -> dict[str, Any]:
        # allauth raises where the password is wrong, so whoever comes back was right.
        self.prove(
            self.request,
            credentials["email"],
            lambda: bool(super(LoginForm, self)._clean_with_password(credentials)),
        )
        return self.cleaned_data

    def _login_with_password(
        self, request: HttpRequest, redirect_url: str | None, credentials: dict[str, Any]
    ) -> HttpResponse:
        response: HttpResponse = super()._login_with_password(request, redirect_url, credentials)
        if self.cleaned_data["remember"]:
            sessions.remember(request, self.user)
        return response


class ResetPasswordForm(ChallengedForm):
    """Asks for a reset link. Whoever the address belongs to, the answer is one page and one mail, or none
    where that address has had too many. `save` raises ChallengeNeeded, unless `is_person`.
    """

    challenge_purpose = "accounts.reset"
    is_person = False
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
        to_address = user.email if user and user.email and not user.is_erased else address
        if throttle.RESET_MAIL.admit(to_address, is_person=self.is_person):
            enqueue(
                kind=kind, to_address=to_address, language=get_language() or "en", context=context
            )
        return address


class HintsForThePerson:
    """allauth's own hints are made once, at start: in one language, and for nobody in particular."""

    fields: dict[str, forms.Field]
    user: User | None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = passwords.hints_for(self.user)


class ChangePasswordForm(PasswordProofForm, HintsForThePerson, AllauthChangePasswordForm):
    challenge_purpose = "accounts.change_password"

    def clean_oldpassword(self) -> str:
        """Checked in `clean`, which may add a field."""
        return str(self.cleaned_data["oldpassword"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        typed = cleaned.get("oldpassword")
        if typed and not prove_own(self, typed):
            self.add_error("oldpassword", get_adapter().validation_error("enter_current_password"))
        refuse_the_same(self, self.user)
        return cleaned


class ReauthenticateForm(PasswordProofForm, AllauthReauthenticateForm):
    challenge_purpose = "accounts.reauthenticate"

    def clean_password(self) -> str:
        """Checked in `clean`, which may add a field."""
        return str(self.cleaned_data["password"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        typed = cleaned.get("password")
        if typed and not prove_own(self, typed):
            self.add_error("password", get_adapter().validation_error("incorrect_password"))
        return cleaned


def prove_own(form: PasswordProofForm, password: str) -> bool:
    """Whether `password` is that of the signed-in person."""
    request = context.request
    user: User = request.user
    return form.prove(request, user.email or "", lambda: user.check_password(password))


def refuse_the_same(form: forms.Form, user: User | None) -> None:
    """Whoever must choose a new password does not choose the old one. Others may."""
    chosen = form.cleaned_data.get("password1")
    if chosen and user and user.must_choose_password and user.check_password(chosen):
        form.add_error("password1", _("This is the password until now. Choose another one."))


class SetPasswordForm(HintsForThePerson, AllauthSetPasswordForm):
    pass


class ResetPasswordKeyForm(HintsForThePerson, AllauthResetPasswordKeyForm):
    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        refuse_the_same(self, self.user)
        return cleaned


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


class CloseForm(forms.Form):
    is_sure = forms.BooleanField(
        label=_("I want to close the account, and know that there is no way back."),
        error_messages={"required": _("Tick the box if you want to close the account.")},
    )


class NewAddressForm(forms.Form):
    email = address_field()
    keep_old = forms.BooleanField(
        label=_("Keep my address of now as well: I can still sign in with it."),
        required=False,
        initial=True,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = _("New address")
        self.fields["email"].widget.attrs["autocomplete"] = "email"

    def clean_email(self) -> Address:
        try:
            return parse(self.cleaned_data["email"])
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None
