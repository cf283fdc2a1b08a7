"""Webhooks: who is told of what, what waits, what failed. Operators alone make them; administrators see their own."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from audit import scope
from audit.admin import ReadOnlyAdmin
from audit.exceptions import Refusal
from feed.addresses import checked
from feed.flows import endpoints
from feed.models import Delivery, Endpoint, Event, Kind
from tenants import access
from tenants.admin.acting import operator_of

# Between making an endpoint and answering with its secret, within one request.
MADE = "feed.made"


class EndpointForm(forms.ModelForm):  # type: ignore[type-arg]
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

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            if "url" in cleaned:
                checked(cleaned["url"])
        except Refusal as refusal:
            self.add_error("url", str(refusal))
        return cleaned


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    reach = "tenant"
    form = EndpointForm
    list_display = ("url", "tenant", "state", "reason", "failures", "last_success_at")
    list_select_related = ("tenant",)
    list_filter = ("state",)
    raw_id_fields = ("tenant",)
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

    def has_add_permission(self, request: HttpRequest) -> bool:
        return access.operates(operator_of(request)) and scope.of(request).is_everything

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        may = access.operates(operator_of(request))
        return super().get_actions(request) if may else {}

    def fits(self, action: str, row: Endpoint) -> bool:
        return action != "pause" or row.state == Endpoint.State.ACTIVE

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.fields if obj else EndpointForm.Meta.fields

    def save_model(self, request: HttpRequest, obj: Endpoint, form: Any, change: bool) -> None:
        made, request.META[MADE] = endpoints.create(
            url=obj.url,
            tenant=obj.tenant,
            kinds=form.cleaned_data["kinds"],
            acting_user=operator_of(request),
        )
        obj.pk = made.pk

    def response_add(
        self, request: HttpRequest, obj: Endpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        """No redirect: the secret goes into this answer, and into nothing that keeps it on the way."""
        return self._shown(request, [(obj, request.META[MADE])])

    @admin.action(description=_("Give a new secret; the older one signs for 24 hours more"))
    def rotate_secrets(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> HttpResponse:
        acting_user = operator_of(request)
        found = [
            (endpoint, endpoints.rotate_secret(endpoint=endpoint, acting_user=acting_user))
            for endpoint in queryset
        ]
        return self._shown(request, found)

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

    def _shown(self, request: HttpRequest, secrets: list[tuple[Endpoint, str]]) -> HttpResponse:
        context = self.admin_site.each_context(request) | {
            "title": _("Shown this once"),
            "opts": self.opts,
            "secrets": secrets,
        }
        return TemplateResponse(request, "admin/feed/secrets.html", context)


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
