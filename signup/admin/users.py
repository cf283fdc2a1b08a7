"""Users, with what makes new ones."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts.admin.users import AccountAdmin
from audit import refusals, scope
from audit.exceptions import Refusal
from audit.form_page import form_page
from signup.admin_forms import NewUserForm
from signup.flows import invite
from tenants.admin.acting import operator_of
from tenants.flows.create import create
from tenants.models import Tenant, User

admin.site.unregister(User)


def own_tenant(request: HttpRequest) -> Tenant | None:
    """The organisation that whoever asks is bound to; None: an operator, who is bound to none."""
    tenant_id = scope.of(request).tenant_id
    return Tenant.objects.get(pk=tenant_id) if tenant_id else None


@admin.register(User)
class InvitingAdmin(AccountAdmin):
    actions = (*AccountAdmin.actions, "invite_again")

    def fits(self, action: str, row: User) -> bool:
        has_chosen = action == "invite_again" and row.has_usable_password()
        return super().fits(action, row) and not has_chosen

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.is_open_to(request)

    def add_view(
        self,
        request: HttpRequest,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Makes an account, and invites its owner where that is wanted."""
        at_first = {"language": get_language(), "is_invited": True}
        form = NewUserForm(request.POST or None, initial=at_first)
        user = self._made(request, form) if form.is_valid() else None
        if user:
            messages.success(request, gettext("The account %(user)s was made.") % {"user": user})
            return redirect("admin:tenants_user_change", user.pk)
        return form_page(
            request,
            self,
            form,
            title=gettext("New account"),
            intro=gettext(
                "The address lies in a domain that your organisation has proven. Its owner chooses the password: nobody else knows it."
            ),
            button=gettext("Make the account"),
        )

    def _made(self, request: HttpRequest, form: NewUserForm) -> User | None:
        answers = form.cleaned_data
        make = invite.invite if answers["is_invited"] else create
        tenant = own_tenant(request)
        try:
            return make(
                address=answers["email"],
                first_name=answers["first_name"],
                last_name=answers["last_name"],
                language=answers["language"],
                acting_user=operator_of(request),
                tenant=tenant,
            )
        except Refusal as refusal:
            refusals.note(
                request,
                refusal,
                action="create",
                subject="page:tenants.user",
                tenant_id=tenant.pk if tenant else None,
            )
            form.add_error("email", str(refusal))
            return None

    @admin.action(
        description=_("Send the invitation again, to those who have not chosen a password")
    )
    def invite_again(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        sent = [user for user in queryset if user.is_active and invite.send_again(user=user)]
        if sent:
            text = gettext("Invitations are on their way: %(count)d.") % {"count": len(sent)}
            self.message_user(request, text, messages.SUCCESS)
        if len(sent) < len(queryset):
            text = gettext(
                "No mail went to those who have a password, are not active, or got such a mail a moment ago: %(count)d."
            ) % {"count": len(queryset) - len(sent)}
            self.message_user(request, text, messages.WARNING)
