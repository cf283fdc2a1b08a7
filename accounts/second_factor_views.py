"""allauth's pages of second factors, where a lost SECRET_KEY must not end in an error page."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.views import IndexView
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.views.generic.edit import FormView

from accounts import second_factors
from accounts.exceptions import SecretsUnreadable
from tenants.models import User

PASSKEY_ANSWER_SECONDS = 10 * 60


LEADS_BACK_TO = "second_factor_leads_back_to"


def lead_back_to(request: HttpRequest, path: str) -> None:
    """Where to go on, once there is a second factor: the pages of second factors show it."""
    request.session[LEADS_BACK_TO] = path


class SecondFactorsView(IndexView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        assert isinstance(self.request.user, User)
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["is_unreadable"] = second_factors.has_unreadable(self.request.user)
        return context


class PasskeySignInView(LoginWebAuthnView):
    """Asking for a passkey begins a session of nobody, which anybody can do: it lasts minutes, not days."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().get(request, *args, **kwargs)
        if not request.session.is_empty():
            request.session.set_expiry(PASSKEY_ANSWER_SECONDS)
        return response

    def form_valid(self, form: forms.Form) -> HttpResponse:
        self.request.session.set_expiry(None)
        response: HttpResponse = super().form_valid(form)
        return response


class LeadsToTheReasonMixin:
    """The overview says what happened and what to do."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response: HttpResponseBase = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        except SecretsUnreadable:
            return redirect("mfa_index")
        return response


class ShowCodesView(LeadsToTheReasonMixin, codes.ViewRecoveryCodesView):
    pass


class DownloadCodesView(LeadsToTheReasonMixin, codes.DownloadRecoveryCodesView):
    pass


class MakeCodesView(codes.GenerateRecoveryCodesView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        try:
            context: dict[str, Any] = super().get_context_data(**kwargs)
        except SecretsUnreadable:
            context = FormView.get_context_data(self, **kwargs) | {"unused_code_count": 0}
        return context
