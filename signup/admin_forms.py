"""What those who administer an organisation type to make accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from audit.exceptions import Refusal
from signup.flows.import_users import LONGEST_NAME
from tenants import addresses
from tenants.addresses import LONGEST_TYPED
from tenants.models import Tenant
from tenants.selectors import get_tenant

LARGEST_FILE = 2 * 1024 * 1024


class NewUserForm(forms.Form):
    email = forms.CharField(label=_("E-mail address"), max_length=LONGEST_TYPED, strip=False)
    first_name = forms.CharField(label=_("First name"), max_length=LONGEST_NAME, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=LONGEST_NAME, required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    is_invited = forms.BooleanField(
        label=_("Send the invitation now"),
        required=False,
        help_text=_("A mail with a button, behind which they choose their password."),
    )

    def clean_email(self) -> addresses.Address:
        try:
            return addresses.parse(self.cleaned_data["email"])
        except addresses.AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


class ImportForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        max_length=255,
        allow_empty_file=True,
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_(
            "CSV in UTF-8. Its first line names the columns: email, and where wanted first_name, last_name, language."
        ),
    )

    def clean_file(self) -> UploadedFile[Any]:
        file: UploadedFile[Any] = self.cleaned_data["file"]
        if (file.size or 0) > LARGEST_FILE:
            raise ValidationError(_("The file is larger than 2 MB. Split it."))
        return file

    @property
    def text(self) -> str:
        """Of the file, in its one form. Raises UnicodeDecodeError."""
        file: UploadedFile[Any] = self.cleaned_data["file"]
        return str(file.read().decode("utf-8-sig"))


class OperatorsImportForm(ImportForm):
    """An operator says for whom."""

    domain = forms.CharField(label=_("A domain of the organisation"), max_length=253)
    field_order = ("domain", "file")

    def clean_domain(self) -> Tenant:
        try:
            return get_tenant(self.cleaned_data["domain"])
        except Refusal as refusal:
            raise ValidationError(str(refusal)) from None


def form_for(tenant: Tenant | None, *data: Any) -> ImportForm:
    return ImportForm(*data) if tenant else OperatorsImportForm(*data)
