"""Units of people: who has one, who waits for one; giving and taking them by hand."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from audit import refusals, scope
from audit.admin import ReadOnlyAdmin
from audit.exceptions import Refusal
from audit.form_page import form_page
from subscriptions.admin.forms import UnitForm
from subscriptions.exceptions import NoUnitToRemove
from subscriptions.flows.units import assign, remove
from subscriptions.models import AssignedLicence, EndWarning, UnitWait
from subscriptions.representations import unit_row
from tenants.admin.acting import operator_of
from tenants.exceptions import NoSuchUser
from tenants.models import User
from tenants.selectors import get_user


class OfUnits(ReadOnlyAdmin):
    reach = "subscription__tenant"
    list_select_related = ("user", "subscription__tenant", "subscription__plan")
    search_beginnings = ("user__email",)
    search_help_text = _("The beginning of an address.")
    columns_of_operators = ("tenant",)

    def subject_of(self, row: Any) -> str:
        return f"user:{row.user_id}"

    @admin.display(description=_("plan"), ordering="subscription__plan")
    def plan(self, row: Any) -> str:
        return str(row.subscription.plan)

    @admin.display(description=_("organisation"))
    def tenant(self, row: Any) -> str:
        return str(row.subscription.tenant)

    def _each(
        self, request: HttpRequest, rows: QuerySet[Any], decide: Callable[[Any], object]
    ) -> None:
        """Each for itself: what cannot be done is said, and the others are done."""
        done = 0
        for row in rows:
            try:
                decide(row)
                done += 1
            except Refusal as refusal:
                self._note(request, refusal, self.subject_of(row), row.subscription.tenant_id)
                self.message_user(request, str(refusal), messages.WARNING)
        if done:
            said = ngettext("%(count)d was taken away.", "%(count)d were taken away.", done)
            self.message_user(request, said % {"count": done}, messages.SUCCESS)

    def _note(
        self, request: HttpRequest, refusal: Exception, subject: str, tenant_id: uuid.UUID | None
    ) -> None:
        action = request.POST.get("action", "assign")
        refusals.note(request, refusal, action=action, subject=subject, tenant_id=tenant_id)


def _take_away(row: AssignedLicence, acting_user: User) -> None:
    """Raises NoUnitToRemove for one of a subscription that was cancelled: the person may have another one now."""
    plan = row.subscription.plan
    if row.subscription.cancelled_at:
        raise NoUnitToRemove(str(row.user.email), plan.sku)
    remove(user=row.user, plan=plan, acting_user=acting_user)


@admin.register(AssignedLicence)
class UnitAdmin(OfUnits):
    list_display = ("user", "plan", "tenant", "how", "assigned_at")
    list_filter = ("subscription__plan", "how", "assigned_at")
    fields = ("user", "plan", "tenant", "how", "assigned_at")
    actions = ("take_away",)

    @admin.action(description=_("Take away: it does not come back by itself"))
    def take_away(self, request: HttpRequest, queryset: QuerySet[AssignedLicence]) -> None:
        acting_user = operator_of(request)
        self._each(request, queryset, lambda row: _take_away(row, acting_user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.is_open_to(request)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        form = UnitForm(scope.of(request).tenant_id, request.POST or None)
        given = self._given(request, form) if form.is_valid() else None
        if given:
            messages.success(request, given)
            return redirect("admin:subscriptions_assignedlicence_changelist")
        return form_page(
            request,
            self,
            form,
            title=gettext("Assign a unit"),
            intro=gettext(
                "A unit of a plan of the account's organisation. Reading protected files needs none."
            ),
            button=gettext("Assign the unit"),
        )

    def _given(self, request: HttpRequest, form: UnitForm) -> str | None:
        """What to say; None where it was refused, which the form says."""
        acting_user = operator_of(request)
        try:
            done = form.once(
                scope=f"user:{acting_user.pk}:unit",
                about=scope.of(request).tenant_id,
                do=lambda: self._assign(request, form),
            )
        except Refusal as refusal:
            subject = "page:subscriptions.assignedlicence"
            self._note(request, refusal, subject, scope.of(request).tenant_id)
            form.add_error(None, str(refusal))
            return None
        if done is None:
            return None
        waits = done.answer["waiting"]
        text = (
            _("%(address)s gets the next unit that is free.")
            if waits
            else _("%(address)s has a unit.")
        )
        answer: dict[str, Any] = done.answer
        return str(text) % answer

    @staticmethod
    def _assign(request: HttpRequest, form: UnitForm) -> dict[str, Any]:
        answers = form.cleaned_data
        user = within_scope(request, answers["address"])
        given = assign(
            user=user,
            plan=answers["plan"],
            may_wait=answers["may_wait"],
            acting_user=operator_of(request),
        )
        return unit_row(user, answers["plan"], given) | {"address": user.email}


def within_scope(request: HttpRequest, address: str) -> User:
    """Raises NoSuchUser, also for an account of another organisation: that there is one is not told."""
    user = get_user(address)
    if not scope.of(request).rows(User.objects.filter(pk=user.pk), "tenant").exists():
        raise NoSuchUser(address)
    return user


@admin.register(UnitWait)
class UnitWaitAdmin(OfUnits):
    """The line, the next in it first."""

    list_display = ("user", "plan", "tenant", "how", "since")
    list_filter = ("subscription__plan", "how")
    fields = ("user", "plan", "tenant", "how", "since")
    actions = ("give_up",)
    nothing_yet = _("Nobody waits: there is a unit for everybody who is to get one.")

    @admin.action(description=_("Take out of the line"))
    def give_up(self, request: HttpRequest, queryset: QuerySet[UnitWait]) -> None:
        self._each(
            request,
            queryset,
            lambda row: remove(
                user=row.user, plan=row.subscription.plan, acting_user=operator_of(request)
            ),
        )


@admin.register(EndWarning)
class EndWarningAdmin(ReadOnlyAdmin):
    """Whether anybody was told that a plan ends: where none was, it is the operator's to tell."""

    reach = "subscription__tenant"
    list_display = ("plan", "tenant", "ends_at", "days", "told", "warned_at")
    list_select_related = ("subscription__tenant", "subscription__plan")
    list_filter = ("told", "ends_at")
    nothing_yet = _("No plan was about to end yet. Warnings go out 30, 7 and 1 days before.")
    search_beginnings = ("subscription__tenant__domains__name",)
    search_help_text = _("The beginning of a domain.")

    @admin.display(description=_("plan"))
    def plan(self, row: EndWarning) -> str:
        return str(row.subscription.plan)

    @admin.display(description=_("organisation"))
    def tenant(self, row: EndWarning) -> str:
        return str(row.subscription.tenant)
