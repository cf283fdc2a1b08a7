"""Webhooks: who is told of what, what waits, what failed. Operators alone make them; administrators see their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit import freshness, scope
from audit.admin import ReadOnlyAdmin
from audit.exceptions import Refusal
from audit.form_page import form_page
from feed.addresses import checked
from feed.flows import endpoints
from feed.models import Delivery, Endpoint, Event, Kind
from idempotency.forms import OneTimeForm
from tenants import access
from tenants.admin.acting import operator_of


class OrganisationSelect(AutocompleteSelect):
    """Found by the beginning of a domain."""

    @property
    def media(self) -> forms.Media:
        return super().media + forms.Media(js=("admin/js/autocomplete.js", "js/named_selects.js"))

    def build_attrs(
        self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        attrs: dict[str, Any] = super().build_attrs(base_attrs, extra_attrs)
        return attrs | {"data-placeholder": gettext("All organisations")}


class EndpointForm(OneTimeForm, forms.ModelForm):  # type: ignore[type-arg]
    kinds = forms.MultipleChoiceField(
        label=_("Events"),
        choices=Kind.choices,
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("None chosen: all."),
    )

    class Meta:
        model = Endpoint
        fields = ("url", "tenant", "kinds")
        widgets = {
            "url": forms.URLInput(attrs={"class": "vURLField"}),
            "tenant": OrganisationSelect(Endpoint._meta.get_field("tenant"), admin.site),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            if "url" in cleaned:
                checked(cleaned["url"])
        except Refusal as refusal:
            self.add_error("url", str(refusal))
        return cleaned


class NewSecretForm(OneTimeForm):
    """For endpoints that were chosen in the list."""

    endpoints = forms.ModelMultipleChoiceField(
        queryset=Endpoint.objects.all(), widget=forms.MultipleHiddenInput
    )


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    reach = "tenant"
    list_display = ("url", "tenant", "state", "reason", "failures", "last_success_at")
    list_select_related = ("tenant",)
    list_filter = ("state",)
    # Whom the form for a new one asks for: the completing answers for these alone.
    autocomplete_fields = ("tenant",)
    fields = (
        "url",
        "tenant",
        "kinds",
        "state",
        "reason",
        "paused_at",
        "failures",
        "rests_until",
        "last_success_at",
        "previous_until",
        "created_at",
    )
    actions = ("rotate_secrets", "pause", "retry", "delete_them")
    sensitive_actions = ("rotate_secrets", "delete_them")
    grave_actions = ("delete_them",)
    nothing_yet = _(
        "No program is told of what happens to plans. Those who run this service add webhooks."
    )
    is_sensitive_to_change = True

    def subject_of(self, row: Endpoint) -> str:
        return f"webhook:{row.pk}"

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view(self.new_secret_view)
        return [path("new-secret/", view, name="feed_endpoint_new_secret"), *super().get_urls()]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access.operates(operator_of(request)) and scope.of(request).is_everything

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        may = access.operates(operator_of(request))
        return super().get_actions(request) if may else {}

    def fits(self, action: str, row: Endpoint) -> bool:
        return action != "pause" or row.state == Endpoint.State.ACTIVE

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """No redirect: the secret goes into this answer, and into nothing that keeps it on the way."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = EndpointForm(request.POST or None)
        if request.method == "POST":
            freshness.require(request)
            if form.is_valid() and (answer := self._made(request, form)):
                return answer
        return form_page(
            request,
            self,
            form,
            title=gettext("New webhook"),
            intro=gettext("A program that is told what happens to plans. You see its secret once."),
            button=gettext("Make the webhook"),
        )

    def _made(self, request: HttpRequest, form: EndpointForm) -> HttpResponse | None:
        told: list[tuple[Endpoint, str]] = []

        def make() -> list[str]:
            made = endpoints.create(
                url=form.cleaned_data["url"],
                tenant=form.cleaned_data["tenant"],
                kinds=form.cleaned_data["kinds"],
                acting_user=operator_of(request),
            )
            told.append(made)
            return [str(made[0].pk)]

        return self._once(request, form, make, told)

    @admin.action(description=_("Give a new secret; the older one signs for 24 hours more"))
    def rotate_secrets(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> HttpResponse:
        return self._asks_for_new_secrets(request, NewSecretForm(), queryset)

    def new_secret_view(self, request: HttpRequest) -> HttpResponse:
        """The answer to the question that the action asks. Sent again, it changes nothing more."""
        if not access.operates(operator_of(request)):
            raise PermissionDenied
        form = NewSecretForm(request.POST or None)
        if request.method != "POST" or not form.is_valid():
            return redirect("admin:feed_endpoint_changelist")
        freshness.require(request)
        chosen = form.cleaned_data["endpoints"]
        told: list[tuple[Endpoint, str]] = []

        def change() -> list[str]:
            told.extend(
                (one, endpoints.rotate_secret(endpoint=one, acting_user=operator_of(request)))
                for one in chosen
            )
            return [str(one.pk) for one in chosen]

        answer = self._once(request, form, change, told)
        return answer or self._asks_for_new_secrets(request, form, chosen)

    def _asks_for_new_secrets(
        self, request: HttpRequest, form: NewSecretForm, chosen: QuerySet[Endpoint]
    ) -> HttpResponse:
        if not form.is_bound:
            form.initial["endpoints"] = list(chosen)
        return form_page(
            request,
            self,
            form,
            title=gettext("Give a new secret"),
            intro=gettext(
                "The next page shows the new secret, once. The one of now signs beside it for 24 hours more."
            ),
            lines=[str(one) for one in chosen],
            button=gettext("Give a new secret"),
            sent_to="admin:feed_endpoint_new_secret",
        )

    def _once(
        self,
        request: HttpRequest,
        form: OneTimeForm,
        do: Callable[[], list[str]],
        told: Sequence[tuple[Endpoint, str]],
    ) -> HttpResponse | None:
        """What is remembered of it are ids: when the page is loaded anew, nobody reads the secret again."""
        scope_of_it = f"user:{operator_of(request).pk}:webhook"
        done = form.once(scope=scope_of_it, about=request.path, do=do)
        if done is None:
            return None
        context = self.admin_site.each_context(request) | {
            "title": _("Shown already") if done.is_repeated else _("Shown this once"),
            "opts": self.opts,
            "is_repeated": done.is_repeated,
            "secrets": told,
            "endpoints": self.get_queryset(request).filter(pk__in=done.answer),
        }
        return TemplateResponse(request, "admin/feed/secrets.html", context)

    @admin.action(description=_("Pause"))
    def pause(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        reason = Endpoint.Reason.BY_HAND
        for endpoint in queryset:
            endpoints.pause(endpoint=endpoint, reason=reason, acting_user=operator_of(request))
        self.message_user(request, _("What happens meanwhile waits for them."), messages.SUCCESS)

    @admin.action(description=_("Resume, and send what waits or failed now"))
    def retry(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        queued = sum(
            endpoints.retry(endpoint=endpoint, acting_user=operator_of(request))
            for endpoint in queryset
        )
        text = _("Deliveries that are queued: %(count)d.") % {"count": queued}
        self.message_user(request, text, messages.SUCCESS)

    @admin.action(description=_("Delete; what waits is not sent any more"))
    def delete_them(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        for endpoint in queryset:
            endpoints.delete(endpoint=endpoint, acting_user=operator_of(request))
            text = _("%(url)s is told nothing any more.") % {"url": endpoint.url}
            self.message_user(request, text, messages.SUCCESS)


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    reach = "tenant_id"
    list_display = ("at", "kind", "tenant_id", "number", "uid")
    list_filter = ("kind", "at")
    nothing_yet = _("No plan has changed yet.")
    fields = ("uid", "at", "kind", "tenant_id", "number", "data")


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    reach = "endpoint__tenant"
    list_display = ("created_at", "event", "endpoint", "state", "attempts", "last_error")
    list_select_related = ("event", "endpoint")
    list_filter = ("state", "created_at")
    nothing_yet = _("No webhook was told of anything yet.")
    linked_lookups = ("endpoint",)
