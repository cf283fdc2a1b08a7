"""How the units of one subscription find their users: a page of that subscription."""

from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext

from audit import refusals
from audit.exceptions import Refusal
from audit.form_page import form_page
from subscriptions.admin.forms import AssignmentForm
from subscriptions.flows.policy import set_assignment
from subscriptions.models import Subscription
from tenants.admin.acting import operator_of


def assignment_page(
    request: HttpRequest, page: admin.ModelAdmin[Model], subscription: Model | None
) -> HttpResponse:
    if not isinstance(subscription, Subscription) or subscription.plan.is_free:
        raise Http404
    form = AssignmentForm(subscription, request.POST or None)
    if form.is_valid() and _decided(request, form, subscription):
        messages.success(request, gettext("Units are given like that from now on."))
        return redirect("admin:subscriptions_subscription_change", subscription.pk)
    return form_page(
        request,
        page,
        form,
        title=gettext("Who gets a unit of %(plan)s") % {"plan": subscription.plan},
        intro=gettext(
            "Units that are assigned stay as they are. Members of groups get theirs at once."
        ),
        button=gettext("Save"),
    )


def _decided(request: HttpRequest, form: AssignmentForm, subscription: Subscription) -> bool:
    acting_user = operator_of(request)

    def decide() -> None:
        set_assignment(
            tenant=subscription.tenant,
            plan=subscription.plan,
            assignment=Subscription.Assignment(form.cleaned_data["assignment"]),
            groups=list(form.cleaned_data["groups"]),
            acting_user=acting_user,
        )

    try:
        once = form.once(
            scope=f"user:{acting_user.pk}:assignment", about=subscription.pk, do=decide
        )
        return once is not None
    except Refusal as refusal:
        refusals.note(
            request,
            refusal,
            action="set_assignment",
            subject=f"subscription:{subscription.pk}",
            tenant_id=subscription.tenant_id,
        )
        form.add_error(None, str(refusal))
        return False
