"""The addresses of an account, and its change, on a page beneath that of the account."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit import freshness, refusals
from audit.admin import ReadOnlyAdmin
from audit.exceptions import Refusal
from tenants import access
from tenants.addresses import LONGEST_TYPED, Address, AddressRefused, parse
from tenants.admin.acting import operator_of
from tenants.flows.addresses import add_alias, change_address, make_primary, remove_alias
from tenants.models import User

PAGE = "tenants_user_addresses"
BUTTONS: dict[str, Callable[..., object]] = {"primary": make_primary, "remove": remove_alias}


class NewAddressForm(forms.Form):
    address = forms.CharField(
        label=_("New address"),
        max_length=LONGEST_TYPED,
        help_text=_("In a domain that the organisation has proven."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    use = forms.ChoiceField(
        label=_("What for"),
        initial="keep",
        choices=(
            ("keep", _("Mail goes there; the address of now becomes an alias")),
            ("drop", _("Mail goes there; the address of now goes")),
            ("alias", _("An alias, which signs in and gets no mail")),
        ),
    )

    def clean_address(self) -> Address:
        try:
            return parse(self.cleaned_data["address"])
        except AddressRefused as refusal:
            raise ValidationError(str(refusal), code=refusal.code) from None


class AddressesPage(ReadOnlyAdmin):
    def get_urls(self) -> list[URLPattern]:
        page = self.admin_site.admin_view(self.addresses_view)
        return [path("<uuid:user_id>/addresses/", page, name=PAGE), *super().get_urls()]

    @admin.display(description=_("addresses"))
    def change_addresses(self, user: User) -> str:
        if user.tenant_id is None or user.state in {User.State.DELETED, User.State.CLOSED}:
            return "-"
        url = reverse(f"admin:{PAGE}", args=(user.pk,))
        return format_html('<a href="{}">{}</a>', url, _("Change addresses"))

    def addresses_view(self, request: HttpRequest, user_id: uuid.UUID) -> HttpResponse:
        user = self.get_object(request, str(user_id))
        if user is None or user.tenant_id is None:
            raise Http404
        form = NewAddressForm(request.POST if "use" in request.POST else None)
        if request.method == "POST":
            freshness.require(request)
            if self._is_done(request, user, form):
                return redirect(f"admin:{PAGE}", user.pk)
        context = self.admin_site.each_context(request) | {
            "title": gettext("Addresses of %(user)s") % {"user": user},
            "opts": self.opts,
            "user_of_page": user,
            "held": user.addresses.order_by("-is_primary", "address"),
            "form": form,
            "why_not": self._why_not(request, user),
        }
        return TemplateResponse(request, "admin/tenants/addresses.html", context)

    @staticmethod
    def _why_not(request: HttpRequest, user: User) -> str:
        try:
            access.require(operator_of(request), access.Power.CHOOSE_ADDRESS, user)
        except Refusal as refusal:
            return str(refusal)
        return ""

    def _is_done(self, request: HttpRequest, user: User, form: NewAddressForm) -> bool:
        try:
            if form.is_bound:
                return form.is_valid() and self._add(request, user, form.cleaned_data)
            self._press(request, user)
        except Refusal as refusal:
            refusals.note(
                request,
                refusal,
                action="user.addresses",
                subject=self.subject_of(user),
                tenant_id=user.tenant_id,
            )
            if form.is_bound:
                form.add_error("address", str(refusal))
                return False
            messages.warning(request, str(refusal))
        return True

    @staticmethod
    def _add(request: HttpRequest, user: User, typed: dict[str, Any]) -> bool:
        who = {"user": user, "address": typed["address"], "acting_user": operator_of(request)}
        if typed["use"] == "alias":
            add_alias(**who)
        else:
            change_address(**who, keep_old=typed["use"] == "keep")
        messages.success(request, gettext("The addresses were changed."))
        return True

    @staticmethod
    def _press(request: HttpRequest, user: User) -> None:
        """A button beside an address."""
        for name, verb in BUTTONS.items():
            if name in request.POST:
                address = parse(request.POST[name])
                verb(user=user, address=address, acting_user=operator_of(request))
                messages.success(request, gettext("The addresses were changed."))
