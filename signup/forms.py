"""The two forms of the walk: an address, and one last thing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.passwords import LONGEST_PASSWORD
from limits.forms import ChallengedForm
from signup import address_rules
from tenants.addresses import LONGEST_TYPED, Address, AddressRefused
from tenants.models import User


class AgainForm(ChallengedForm):
    """One press for one more mail."""

    challenge_purpose = "signup"


class AddressForm(ChallengedForm):
    challenge_purpose = "signup"

    email = forms.CharField(
        label=_("Your work e-mail address"),
        max_length=LONGEST_TYPED,
        strip=False,
        error_messages={"required": _("Enter your work e-mail address.")},
        widget=forms.TextInput(
            attrs={
                "type": "email",
                "autocomplete": "email",
                "autocapitalize": "none",
                "spellcheck": "false",
                "inputmode": "email",
            }
        ),
    )

    def clean_email(self) -> Address:
        try:
            return address_rules.check(self.cleaned_data["email"])
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


class OneLastThingForm(forms.Form):
    first_name = forms.CharField(
        label=_("First name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    last_name = forms.CharField(
        label=_("Last name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "family-name"}),
    )
    password1 = forms.CharField(
        label=_("Password"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        help_text=_("At least 15 characters. A sentence is easy to remember."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password2 = forms.CharField(
        label=_("Password again"),
        strip=False,
        max_length=LONGEST_PASSWORD,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, address: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.address = address

    def clean_password2(self) -> str:
        repeated: str = self.cleaned_data["password2"]
        if "password1" in self.cleaned_data and self.cleaned_data["password1"] != repeated:
            raise ValidationError(_("The two passwords differ. Type the same one twice."))
        return repeated

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if "password1" in cleaned:
            person = User(
                email=self.address,
                first_name=cleaned.get("first_name", ""),
                last_name=cleaned.get("last_name", ""),
            )
            try:
                validate_password(cleaned["password1"], person)
            except ValidationError as refusal:
                self.add_error("password1", refusal)
        return cleaned
