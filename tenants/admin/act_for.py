"""The pages with which an operator begins to act for an organisation, and ends it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from audit import freshness
from audit.admin import ReadOnlyAdmin
from audit.form_page import form_page
from tenants import acting
from tenants.admin.acting import operator_of
from tenants.flows import act_for
from tenants.models import Tenant, User
from tenants.selectors import administrators_of


class ActForForm(forms.Form):
    administrator = forms.ModelChoiceField(
        label=_("On behalf of"),
        queryset=User.objects.none(),
        required=False,
        empty_label=_("the organisation, which nobody administers"),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        min_length=10,
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField"}),
        help_text=_("It stands in the organisation's log, for its administrators to read."),
    )

    def __init__(self, *args: Any, tenant: Tenant, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["administrator"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = administrators_of(tenant)
        if field.queryset.exists():
            field.required, field.empty_label = True, gettext("Choose an administrator")


class ActForMixin(ReadOnlyAdmin):
    """Of the page of organisations."""

    def get_urls(self) -> list[Any]:
        view = self.admin_site.admin_view
        return [
            path("act/end/", view(require_POST(self.end_view)), name="tenants_tenant_act_end"),
            path("<uuid:object_id>/act/", view(self.act_view), name="tenants_tenant_act"),
            *super().get_urls(),
        ]

    def act_view(self, request: HttpRequest, object_id: Any) -> HttpResponse:
        if not operator_of(request).is_superuser:
            raise PermissionDenied
        freshness.require(request)
        tenant = self.get_object(request, str(object_id))
        if not isinstance(tenant, Tenant):
            raise Http404
        form = ActForForm(request.POST or None, tenant=tenant)
        if form.is_valid():
            acting.remember(
                request,
                act_for.begin(
                    tenant=tenant,
                    administrator=form.cleaned_data["administrator"],
                    reason=form.cleaned_data["reason"],
                    acting_user=operator_of(request),
                    instead_of=acting.of(request),
                ),
            )
            return redirect("admin:index")
        return form_page(
            request,
            self,
            form,
            title=gettext("Act for %(organisation)s") % {"organisation": tenant},
            intro=gettext(
                "For 30 minutes you see this administration as an administrator of the organisation does. Its log says why, and what you did."
            ),
            button=gettext("Begin"),
        )

    def end_view(self, request: HttpRequest) -> HttpResponse:
        now = acting.of(request)
        if now:
            act_for.end(acting=now)
        acting.forget(request)
        messages.info(request, gettext("You act for no organisation any more."))
        return redirect("admin:index")
