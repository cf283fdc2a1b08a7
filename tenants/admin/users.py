"""Accounts."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from audit import freshness, refusals
from audit.exceptions import Refusal
from audit.scoped_admin import ScopedInline
from audit.spelling import shown_address
from tenants import access
from tenants.admin.acting import operator_of
from tenants.admin.filters import LastSignInFilter
from tenants.admin.user_addresses import AddressesPage
from tenants.flows import erase, roles, states
from tenants.flows.admit import admit, take_back
from tenants.models import Address, User
from tenants.selectors import is_blocked


class AddressInline(ScopedInline):
    model = Address
    reach = "user__tenant"
    fields = ("shown", "is_primary", "proven_at")
    readonly_fields = fields

    @admin.display(description=_("address"))
    def shown(self, address: Address) -> str:
        return shown_address(address.address)


@admin.register(User)
class UserAdmin(AddressesPage):
    list_display = (
        "email",
        "tenant",
        "role",
        "state",
        "creation_method",
        "last_login",
        "created_at",
    )
    list_select_related = ("tenant",)
    list_filter = (
        "role",
        "state",
        "creation_method",
        LastSignInFilter,
        "admission",
        "created_at",
    )
    search_beginnings = ("email",)
    search_help_text = _("The beginning of an address.")
    nothing_yet = _("Nobody has an account yet. Add users, or import a file of them.")
    fields = (
        "email",
        "change_addresses",
        "first_name",
        "last_name",
        "tenant",
        "role",
        "state",
        "who_restores",
        "creation_method",
        "admission",
        "admitted_at",
        "admitted_by_id",
        "language",
        "created_at",
        "last_login",
        "id",
    )
    inlines = (AddressInline,)
    reach = "tenant"
    sensitive_actions: Collection[str] = (
        "disable",
        "delete_for_now",
        "release",
        "make_administrator",
        "make_member",
    )
    actions: Any = (
        "admit",
        "take_admission_back",
        "disable",
        "restore",
        "delete_for_now",
        "release",
        "make_administrator",
        "make_member",
    )
    grave_actions = ("disable", "delete_for_now", "release")

    def fits(self, action: str, row: User) -> bool:
        state, role, admission = row.state, row.role, row.admission
        needed = {
            "admit": admission == User.Admission.AWAITED,
            "take_admission_back": admission == User.Admission.ADMITTED,
            "disable": row.is_active,
            "restore": state in {User.State.DISABLED, User.State.DELETED},
            "delete_for_now": state in {User.State.ACTIVE, User.State.DISABLED},
            "release": state == User.State.DELETED,
            "make_administrator": row.is_active and role == User.Role.MEMBER,
            "make_member": role == User.Role.ADMINISTRATOR,
        }
        return needed.get(action, row.is_active)

    def may(self, request: HttpRequest, action: str, row: User) -> bool:
        is_held = row.held_at is not None and action in {"restore", "release"}
        return not is_held or access.operates(operator_of(request))

    def get_fields(self, request: HttpRequest, obj: User | None = None) -> list[Any]:
        fields = super().get_fields(request, obj)
        can_return = obj is not None and obj.state in {User.State.DISABLED, User.State.DELETED}
        return [field for field in fields if can_return or field != "who_restores"]

    @admin.display(description=_("who restores it"))
    def who_restores(self, user: User) -> str:
        if user.held_at is None:
            return gettext("An administrator of its organisation, or an operator.")
        said = gettext(
            "Only an operator: one switched it off on %(date)s, so that the organisation cannot switch it on again, "
            "nor give its addresses to others. Ask whoever runs this service."
        ) % {"date": date_format(localtime(user.held_at), "DATETIME_FORMAT")}
        domain = (user.email or "").rpartition("@")[2]
        blocked = gettext("The domain is blocked here.")
        return f"{said} {blocked}" if is_blocked(domain) else said

    @admin.action(description=_("Admit to organisation-wide grants"))
    def admit(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, admit)

    @admin.action(description=_("Take back: in no organisation-wide grant"))
    def take_admission_back(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, take_back)

    @admin.action(description=_("Disable: signed out at once, signs in no more"))
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, states.disable)

    @admin.action(description=_("Restore: disabled or deleted accounts become active"))
    def restore(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """An administrator comes back as one, with all power."""
        if queryset.exclude(role=User.Role.MEMBER).exists():
            freshness.require(request)
        self._each(request, queryset, states.restore)

    @admin.action(description=_("Delete (can be restored for 30 days)"))
    def delete_for_now(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, states.delete)

    @admin.action(description=_("Release the address: deleted accounts are erased at once"))
    def release(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, erase.release)

    @admin.action(description=_("Make administrators of their organisation"))
    def make_administrator(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, roles.make_administrator)

    @admin.action(description=_("Make members again: administer no more"))
    def make_member(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, roles.make_member)

    def _each(
        self, request: HttpRequest, users: QuerySet[User], decide: Callable[..., object]
    ) -> None:
        """Each for itself: what cannot be done is said, and the others are done."""
        done = 0
        for user in users:
            try:
                decide(user=user, acting_user=operator_of(request))
                done += 1
            except Refusal as refusal:
                refusals.note(
                    request,
                    refusal,
                    action=request.POST.get("action", ""),
                    subject=self.subject_of(user),
                    tenant_id=user.tenant_id,
                )
                self.message_user(request, str(refusal), messages.WARNING)
        if done:
            said = ngettext(
                "%(count)d account was changed.", "%(count)d accounts were changed.", done
            )
            self.message_user(request, said % {"count": done}, messages.SUCCESS)
