"""The admin site: who may enter it, how far they see, and where they sign in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from itertools import chain
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.defaults import permission_denied

from accounts import fresh_factor
from accounts.second_factor_views import lead_back_to
from audit import origin, refusals, scope
from audit.exceptions import Refusal
from audit.scope import NOTHING, Scope
from rms_portal.dashboard import page as dashboard
from tenants import access, acting
from tenants.models import Tenant, User

ROOMS = ("tenants", "subscriptions", "signup", "outbox", "audit", "feed")
AnyView = TypeVar("AnyView", bound=Callable[..., HttpResponseBase])


class PortalAdminSite(admin.AdminSite):
    """For operators the installation, for administrators their own organisation.

    Signing in happens on the product's own page.
    """

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

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """What is going on, before the lists."""
        board = dashboard.context(request, self)
        title = self.index_title if scope.of(request).is_everything else _organisation(request)
        context = {"dashboard": board, "title": title, **(extra_context or {})}
        return super().index(request, context)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        """What is looked at every day comes first."""
        apps = super().get_app_list(request, app_label)
        apps.sort(key=lambda app: ROOMS.index(app["app_label"]))
        if not scope.of(request).is_everything:
            for model in chain.from_iterable(app["models"] for app in apps):
                page = self._registry[model["model"]]
                model["name"] = getattr(page, "name_for_administrators", "") or model["name"]
        return apps

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Without Django's look at any row of any table by its number, which tells whether there is one."""
        own: list[URLPattern | URLResolver] = [
            path("counted/", self.admin_view(self.counted_view), name="counted")
        ]
        urls = super().get_urls()
        return own + [url for url in urls if getattr(url, "name", "") != "view_on_site"]

    def counted_view(self, request: HttpRequest) -> JsonResponse:
        """For the script of the first page, which shows it anew once everything is counted."""
        return JsonResponse({"mark": dashboard.mark(request)})

    def admin_view(self, view: AnyView, cacheable: bool = False) -> AnyView:
        return super().admin_view(self._behind_the_second_factor(view), cacheable)

    @staticmethod
    def _behind_the_second_factor(view: AnyView) -> AnyView:
        """Administrators come in with one; operators are told to set one up (see `each_context`)."""

        @wraps(view)
        def walled(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            assert isinstance(request.user, User)
            if request.user.is_superuser or fresh_factor.gave_factor(request):
                return _on_behalf(view, request, *args, **kwargs)
            if fresh_factor.has_factor(request.user):
                return fresh_factor.ask(request)
            text = _(
                "Administrators sign in with a second factor. Set one up here, then open the administration."
            )
            messages.warning(request, text)
            lead_back_to(request, reverse("admin:index"))
            return redirect("mfa_index")

        return cast("AnyView", walled)

    def autocomplete_view(self, request: HttpRequest) -> HttpResponse:
        """Answers for fields that a page completes, not for any field of any model."""
        asked = tuple(
            request.GET.get(name, "") for name in ("app_label", "model_name", "field_name")
        )
        if asked not in set(self._completed_fields()):
            raise PermissionDenied
        return super().autocomplete_view(request)

    def _completed_fields(self) -> Iterator[tuple[str, ...]]:
        for page in self._registry.values():
            for part in (page, *page.inlines):
                for field in part.autocomplete_fields:
                    yield (part.model._meta.app_label, str(part.model._meta.model_name), field)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        own = {"lacks_second_factor": _lacks_factor(request), "acting": acting.of(request)}
        return super().each_context(request) | own


def _organisation(request: HttpRequest) -> str:
    tenant_id = scope.of(request).tenant_id
    return Tenant.objects.get(pk=tenant_id).name if tenant_id else ""


def _on_behalf(
    view: Callable[..., HttpResponseBase], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    """What an operator does for an organisation says so in the log. Once the time is over nothing is done, or it
    would be done to all organisations.
    """
    now = acting.of(request)
    if now is None:
        return _told_what_is_refused(view, request, *args, **kwargs)
    if not now.is_on:
        acting.forget(request)
        messages.warning(
            request,
            _("Your time to act for %(organisation)s is over.") % {"organisation": now.tenant},
        )
        return redirect("admin:index")
    with origin.on_behalf_of(now.behalf):
        return _told_what_is_refused(view, request, *args, **kwargs)


def _told_what_is_refused(
    view: Callable[..., HttpResponseBase], request: HttpRequest, *args: Any, **kwargs: Any
) -> HttpResponseBase:
    """What a page does not tell by itself stands above the page that it came from, and in the log."""
    try:
        return view(request, *args, **kwargs)
    except Refusal as refusal:
        name = request.resolver_match.url_name if request.resolver_match else ""
        refusals.note(
            request,
            refusal,
            action=request.POST.get("action") or name or "",
            subject=f"page:{name}",
            tenant_id=scope.of(request).tenant_id,
        )
        messages.error(request, str(refusal))
        return redirect(request.path if request.method == "POST" else "admin:index")


def _lacks_factor(request: HttpRequest) -> bool:
    if not isinstance(request.user, User) or fresh_factor.gave_factor(request):
        return False
    return not fresh_factor.has_factor(request.user)


def scope_of_request(request: HttpRequest) -> Scope:
    if not isinstance(request.user, User):
        return NOTHING
    now = acting.of(request)
    return Scope(tenant_id=now.tenant_id) if now else access.scope_of(request.user)


scope.decided_by(scope_of_request)
