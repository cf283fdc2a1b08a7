from __future__ import annotations

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import services
from tenants.admin.acting import operator_of
from tenants.admin.users import UserAdmin
from tenants.models import User

admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(UserAdmin):
    """Users, with what can be done about how they sign in."""

    actions = (*UserAdmin.actions, "end_all_sessions", "reset_second_factors")
    sensitive_actions = (*UserAdmin.sensitive_actions, "reset_second_factors")

    @admin.action(description=_("End all sessions"))
    def end_all_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        for user in queryset:
            services.end_all_sessions(user=user, acting_user=operator_of(request))
        count = len(queryset)
        ended = ngettext(
            "The sessions of %(count)d user have ended.",
            "The sessions of %(count)d users have ended.",
            count,
        )
        self.message_user(request, ended % {"count": count}, messages.SUCCESS)

    @admin.action(description=_("Reset second factors (they must be the one who asks)"))
    def reset_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        acting_user = operator_of(request)
        for user in queryset:
            removed = services.reset_second_factors(user=user, acting_user=acting_user)
            text = _("%(user)s: %(count)d second factors removed, all sessions ended.")
            self.message_user(request, text % {"user": user, "count": removed}, messages.SUCCESS)
