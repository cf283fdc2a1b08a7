"""The plans of an organisation: what it has and may have; ordering, trying, cancelling. Operators decide here at once."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import freshness, scope
from audit.admin import ReadOnlyAdmin
from subscriptions.admin import plan_words
from subscriptions.admin.two_steps import Question, ask
from subscriptions.flows import orders, try_out
from subscriptions.flows.cancel import cancel_subscription
from subscriptions.flows.preview import preview
from subscriptions.forms import CancelForm, OrderForm, UnitsForm
from subscriptions.ladder import end_of
from subscriptions.models import Order, OrganisationPlans, Plan, Subscription
from subscriptions.overview import overview_of
from subscriptions.selectors import is_offered
from subscriptions.words import last_day
from tenants import access
from tenants.admin.acting import operator_of
from tenants.models import User

NAME = "admin:subscriptions_organisationplans"


@admin.register(OrganisationPlans)
class OrganisationPlansAdmin(ReadOnlyAdmin):
    reach = "pk"
    name_for_administrators = gettext_lazy("Plans")
    list_display = ("name", "state", "created_at")
    list_filter = ("state",)
    search_beginnings = ("domains__name",)
    search_help_text = gettext_lazy("The beginning of a domain.")

    def subject_of(self, row: OrganisationPlans) -> str:
        return f"tenant:{row.pk}"

    def get_urls(self) -> list[URLPattern]:
        own: list[tuple[str, Callable[..., HttpResponse], str]] = [
            ("<uuid:tenant_id>/order/<str:sku>/", self.order_view, "order"),
            ("<uuid:tenant_id>/try/<str:sku>/", self.try_view, "try"),
            ("<uuid:tenant_id>/cancel/<str:sku>/", self.cancel_view, "cancel"),
            ("<uuid:tenant_id>/withdraw/<uuid:order_id>/", self.withdraw_view, "withdraw"),
        ]
        return [
            path(
                route,
                self.admin_site.admin_view(view),
                name=f"subscriptions_organisationplans_{name}",
            )
            for route, view, name in own
        ] + super().get_urls()

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Who has one organisation goes there at once."""
        own = scope.of(request).tenant_id
        if own and request.method == "GET":
            return redirect(f"{NAME}_change", own)
        return super().changelist_view(request, extra_context)

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        tenant = self._tenant(request, object_id)
        decides = access.operates(operator_of(request))
        context = self.admin_site.each_context(request) | {
            "title": _("Plans of %(organisation)s") % {"organisation": tenant.name},
            "tenant": tenant,
            "overview": overview_of(tenant, timezone.now(), decides=decides),
            "decides": decides,
        }
        return TemplateResponse(request, "admin/plans/overview.html", context)

    def order_view(self, request: HttpRequest, tenant_id: uuid.UUID, sku: str) -> HttpResponse:
        tenant, plan = self._tenant(request, tenant_id), _plan(sku)
        user, current = operator_of(request), _current(tenant, plan)
        if not access.operates(user) and not orders.may_order(tenant, plan):
            raise Http404
        form = OrderForm(
            request.POST if request.method == "POST" else None,
            tenant=tenant,
            plan=plan,
            current=current,
            others=_other_plans(tenant, plan),
            initial={"units": current.units if current else _people(tenant)},
        )
        decides = access.operates(user)
        place = orders.do_now if decides else orders.place
        question = Question(
            name="order.place",
            tenant=tenant,
            title=plan_words.order_title(plan, current, decides=decides),
            form=form,
            look=lambda: orders.look(form.wanted()),
            summary=lambda: plan_words.summary(form.wanted()),
            act=lambda: {"order": place(wanted=form.wanted(), acting_user=user).pk},
            button=_("Do it now") if decides else _("Place the order"),
            done=_("Done: the organisation has the plan.") if decides else plan_words.placed(),
            back=_page(tenant),
        )
        return ask(request, self.admin_site, question)

    def try_view(self, request: HttpRequest, tenant_id: uuid.UUID, sku: str) -> HttpResponse:
        tenant, plan = self._tenant(request, tenant_id), _plan(sku)
        user = operator_of(request)
        if not is_offered(plan):
            raise Http404
        form = UnitsForm(
            request.POST if request.method == "POST" else None,
            initial={"units": min(_people(tenant), try_out.most_units())},
        )
        question = Question(
            name="trial.start",
            tenant=tenant,
            title=_("Try %(plan)s") % {"plan": plan.name},
            form=form,
            look=lambda: try_out.look(tenant=tenant, plan=plan, units=form.cleaned_data["units"]),
            summary=lambda: [
                plan_words.units(form.cleaned_data["units"]),
                *plan_words.of_a_trial(),
            ],
            act=lambda: {
                "subscription": try_out.start_trial(
                    tenant=tenant, plan=plan, units=form.cleaned_data["units"], acting_user=user
                ).pk
            },
            button=_("Start the trial"),
            done=_("The trial has started."),
            back=_page(tenant),
            lines=plan_words.of_a_trial(),
        )
        return ask(request, self.admin_site, question)

    def cancel_view(self, request: HttpRequest, tenant_id: uuid.UUID, sku: str) -> HttpResponse:
        tenant, plan = self._tenant(request, tenant_id), _plan(sku)
        user, current = operator_of(request), _current(tenant, plan)
        if current is None:
            raise Http404
        end = end_of(current)
        ends = last_day(end) if end and end > timezone.now() and not current.cancels_at_end else ""
        form = CancelForm(request.POST if request.method == "POST" else None, end=ends)

        def cancel(acting_user: User | None, *, at_end: bool) -> Subscription:
            return cancel_subscription(
                tenant=tenant, plan=plan, acting_user=acting_user, at_end=at_end
            )

        question = Question(
            name="subscription.cancel",
            tenant=tenant,
            title=_("Cancel %(plan)s") % {"plan": plan.name},
            form=form,
            # What is lost is the same, at once or later.
            look=lambda: preview(tenant, lambda: cancel(None, at_end=False)),
            summary=lambda: [str(dict(form.fields["when"].choices)[form.cleaned_data["when"]])],  # type: ignore[attr-defined]
            act=lambda: {
                "subscription": cancel(user, at_end=form.cleaned_data["when"] == "at_end").pk
            },
            button=_("Cancel the plan"),
            done=_("The plan is cancelled."),
            back=_page(tenant),
            lines=(
                _("Reading protected files never stops, and nothing is deleted."),
                _("Your organisation falls back to the free plan, if it has no other."),
            ),
            is_dangerous=True,
        )
        return ask(request, self.admin_site, question)

    def withdraw_view(
        self, request: HttpRequest, tenant_id: uuid.UUID, order_id: uuid.UUID
    ) -> HttpResponse:
        tenant = self._tenant(request, tenant_id)
        order = get_object_or_404(Order, pk=order_id, tenant=tenant)
        if request.method == "POST":
            freshness.require(request)
            orders.withdraw(order=order, acting_user=operator_of(request))
            self.message_user(request, _("The order is withdrawn."))
        return redirect(_page(tenant))

    def _tenant(self, request: HttpRequest, tenant_id: uuid.UUID | str) -> OrganisationPlans:
        """Of those that whoever asks sees."""
        try:
            key = uuid.UUID(str(tenant_id))
        except ValueError:
            raise Http404 from None
        found: OrganisationPlans = get_object_or_404(self.get_queryset(request), pk=key)
        return found


def _plan(sku: str) -> Plan:
    return get_object_or_404(Plan, sku=sku, is_free=False)


def _current(tenant: OrganisationPlans, plan: Plan) -> Subscription | None:
    rows = Subscription.objects.filter(tenant=tenant, plan=plan, cancelled_at__isnull=True)
    return rows.first()


def _other_plans(tenant: OrganisationPlans, plan: Plan) -> list[Plan]:
    held = Subscription.objects.filter(tenant=tenant, cancelled_at__isnull=True)
    paid = held.filter(plan__is_free=False).exclude(plan=plan)
    return [row.plan for row in paid.select_related("plan")]


def _people(tenant: OrganisationPlans) -> int:
    return max(1, User.objects.filter(tenant=tenant, state=User.State.ACTIVE).count())


def _page(tenant: OrganisationPlans) -> str:
    return reverse(f"{NAME}_change", args=(tenant.pk,))
