"""A form that can ask for digits. What was typed into its other fields stays."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from limits import challenge

FIELD, TOKEN = "digits", "digits_token"
LONGEST_TYPED = 40


class DigitsInput(forms.TextInput):
    """Picture, sound, and the field for what they say; needs no script."""

    template_name = "limits/digits_input.html"

    def __init__(self, token: str, token_name: str) -> None:
        super().__init__(attrs={"inputmode": "numeric", "autocomplete": "off", "autofocus": True})
        self.token, self.token_name = token, token_name

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        return context | {"token": self.token, "token_name": self.token_name}


class ChallengedForm(forms.Form):
    """Mix it in before other forms, and name the `purpose` that the digits are good for."""

    challenge_purpose: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self._token:
            # What is no token, or too old, has no picture.
            is_good = challenge.digits_of(self._token) is not None
            self._show(self._token if is_good else challenge.new(self.challenge_purpose))

    def solves_challenge(self) -> bool:
        """Whether the digits asked for were typed; they are used up by asking this, so ask once."""
        typed = str(self.data.get(self.add_prefix(FIELD), ""))[:LONGEST_TYPED]
        return bool(self._token) and challenge.is_solved(
            self._token, typed, purpose=self.challenge_purpose
        )

    def ask_for_digits(self) -> None:
        """Shows new digits, and says so where others were asked for before."""
        token = challenge.new(self.challenge_purpose)
        if self._token:
            self.add_error(
                FIELD,
                ValidationError(
                    _("Those were not the digits, or they were too old. Type these new ones.")
                ),
            )
            self.fields[FIELD].widget = self._input(token)
        else:
            self._show(token)
        self.data = {**dict(self.data.items()), self.add_prefix(FIELD): ""}

    @property
    def _token(self) -> str:
        return str(self.data.get(self.add_prefix(TOKEN), ""))

    def _show(self, token: str) -> None:
        self.fields[FIELD] = forms.CharField(
            label=_("The six digits"),
            help_text=_(
                "There were many tries, perhaps not yours, so we make sure that a person sent this one. "
                "Type the digits that you see, or listen to them (in English)."
            ),
            required=False,
            widget=self._input(token),
        )

    def _input(self, token: str) -> DigitsInput:
        return DigitsInput(token, self.add_prefix(TOKEN))
