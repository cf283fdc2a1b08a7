"""Groups, and who is in them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audit import refusals, scope
from audit.admin import ReadOnlyAdmin
from audit.exceptions import Refusal
from tenants.admin.acting import operator_of
from tenants.admin.group_form import GroupForm
from tenants.flows import groups
from tenants.group_selectors import active_members_of, groups_around, members_of
from tenants.models import Group, GroupMembership, Tenant
from tenants.models.group import key_of
from tenants.signals import group_looked_at


@admin.register(Group)
class GroupAdmin(ReadOnlyAdmin):
    """Made, changed and deleted here; accounts are taken out on the page of members."""

    form = GroupForm
    list_display = ("name", "tenant", "description", "created_at")
    list_select_related = ("tenant",)
    reach = "tenant"
    search_beginnings = ("name_key",)
    search_help_text = _("The beginning of a name.")
    nothing_yet = _("There is no group yet. Add one to give plans to several people at once.")
    is_sensitive_to_change = True
    readonly_fields = ("everybody", "around", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("tenant")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return queryset.filter(name_key__startswith=key_of(search_term)), False

    def get_fields(self, request: HttpRequest, obj: Group | None = None) -> Any:
        typed = ["name", "description", "addresses", "inner", "joining"]
        if obj:
            return [*typed, "everybody", "around", "created_at"]
        return typed if scope.of(request).tenant_id else ["domain", *typed]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.is_open_to(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_open_to(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.is_open_to(request)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's deletion of many at once, which knows no flow."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def get_form(
        self, request: HttpRequest, obj: Group | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """The form, for whoever asks. Its fields are its own, none of the row's."""
        own = scope.of(request).tenant_id
        facts = {
            "acting_user": operator_of(request),
            "own_tenant": Tenant.objects.get(pk=own) if own else None,
            "note": staticmethod(partial(self._note, request, obj)),
        }
        return type("GroupForm", (GroupForm,), facts)

    def _note(self, request: HttpRequest, obj: Group | None, refusal: Refusal) -> None:
        refusals.note(
            request,
            refusal,
            action="group.change" if obj else "group.add",
            subject=self.subject_of(obj) if obj else "page:tenants.group",
            tenant_id=obj.tenant_id if obj else scope.of(request).tenant_id,
        )

    def save_form(self, request: HttpRequest, form: Any, change: bool) -> Any:
        """What was typed is done already: see GroupForm."""
        return form.instance

    def save_model(
        self,
        request: HttpRequest,
        obj: Group,
        form: ModelForm,  # type: ignore[type-arg]
        change: bool,
    ) -> None:
        """As above."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """As above."""

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        groups.delete(group=obj, acting_user=operator_of(request))

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Django would list every membership. What other rooms hang on the group, they say."""
        lines = [str(group) for group in objs]
        for group in objs:
            for _receiver, sentences in group_looked_at.send(sender=Group, group=group):
                lines.extend(sentences or ())
        return lines, {}, set(), []

    @admin.display(description=_("members"))
    def everybody(self, group: Group) -> str:
        """Accounts, also through groups in it; the list behind the link has those that are directly in it."""
        page = reverse("admin:tenants_groupmembership_changelist")
        query = urlencode({"group__id__exact": str(group.pk)})
        count, active = members_of(group).count(), active_members_of(group).count()
        said = ngettext("%(count)d account", "%(count)d accounts", count) % {"count": count}
        more = _("%(active)d of them active") % {"active": active}
        return format_html('<a href="{}?{}">{}</a>, {}', page, query, said, more)

    @admin.display(description=_("is in groups"), empty_value="-")
    def around(self, group: Group) -> str:
        return ", ".join(groups_around(group).values_list("name", flat=True)) or "-"


@admin.register(GroupMembership)
class GroupMembershipAdmin(ReadOnlyAdmin):
    """Accounts that are directly in a group, the newest first; searched by the beginning of an address."""

    list_display = ("user", "state", "group", "added_at")
    list_select_related = ("user", "group")
    reach = "group__tenant"
    linked_lookups = ("group",)
    search_beginnings = ("user__email",)
    search_help_text = _("The beginning of an address.")
    nothing_yet = _("Nobody is in a group yet. Add accounts on the page of a group.")
    fields = ("user", "group", "added_at")
    actions: Any = ("take_out",)

    def subject_of(self, row: GroupMembership) -> str:
        return f"group:{row.group_id}"

    @admin.display(description=_("state"))
    def state(self, membership: GroupMembership) -> str:
        return membership.user.get_state_display()

    @admin.action(description=_("Take out of the group"))
    def take_out(self, request: HttpRequest, queryset: QuerySet[GroupMembership]) -> None:
        done = 0
        for membership in queryset.select_related("user", "group__tenant"):
            try:
                groups.remove_member(
                    group=membership.group,
                    user=membership.user,
                    acting_user=operator_of(request),
                )
                done += 1
            except Refusal as refusal:
                refusals.note(
                    request,
                    refusal,
                    action="take_out",
                    subject=self.subject_of(membership),
                    tenant_id=membership.group.tenant_id,
                )
                self.message_user(request, str(refusal), messages.WARNING)
        if done:
            said = ngettext(
                "%(count)d account was taken out.", "%(count)d accounts were taken out.", done
            )
            self.message_user(request, said % {"count": done}, messages.SUCCESS)
