"""A form that orders or assigns carries a key of its own, so that sending it twice does it once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.datastructures import MultiValueDict

from idempotency.exceptions import KeyRefused
from idempotency.models import LONGEST_KEY
from idempotency.services import Done, once


def new_key() -> str:
    return str(uuid.uuid4())


class OneTimeForm(forms.Form):
    """Mix it in before other forms, show all hidden fields, and call `once` instead of the flow itself."""

    one_time_key = forms.CharField(
        max_length=LONGEST_KEY, widget=forms.HiddenInput, initial=new_key
    )

    def once(self, *, scope: str, about: object, do: Callable[[], object]) -> Done | None:
        """`about`: what the page is about, beyond its fields. None where the key is refused: the form has an error
        that says so, and is shown again.
        """
        asked = {"about": about, "fields": {name: self._sent(name) for name in self._asked()}}
        key = self.cleaned_data["one_time_key"]
        try:
            return once(scope=scope, key=key, request=asked, do=do)
        except KeyRefused as refusal:
            self.add_error(None, ValidationError(str(refusal)))
            return None

    def _sent(self, name: str) -> list[Any]:
        """As the browser sent it, before anything was made of it."""
        if isinstance(self.data, MultiValueDict):
            return list(self.data.getlist(name))
        return [self.data.get(name)]

    def _asked(self) -> list[str]:
        return sorted(self.add_prefix(name) for name in self.fields if name != "one_time_key")
