"""The admin site: who may enter it, and where they sign in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.defaults import permission_denied


class PortalAdminSite(admin.AdminSite):
    """Operators' view of the installation. Signing in happens on the product's own page."""

    site_title = _("Administration")
    index_title = _("Installation")
    enable_nav_sidebar = True

    @property
    def site_header(self) -> str:  # type: ignore[override]
        return settings.PRODUCT_NAME

    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:
        if request.user.is_authenticated:
            if self.has_permission(request):
                return redirect("admin:index")
            # Raised, it would be a traceback in the log for whoever tries the address.
            return permission_denied(request, PermissionDenied())
        return redirect_to_login(
            request.GET.get("next") or reverse("admin:index"), reverse("account_login")
        )

    def password_change(  # type: ignore[override]
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's own page would count no wrong passwords, tell nobody and leave no audit row."""
        return redirect("account_change_password")
