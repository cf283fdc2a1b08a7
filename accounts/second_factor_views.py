"""allauth's pages of second factors, where a lost SECRET_KEY must not end in an error page."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.views import IndexView
from allauth.mfa.recovery_codes import views as codes
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.generic.edit import FormView

from accounts import second_factors
from accounts.exceptions import SecretsUnreadable
from tenants.models import User


class SecondFactorsView(IndexView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        assert isinstance(self.request.user, User)
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["is_unreadable"] = second_factors.has_unreadable(self.request.user)
        return context


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
