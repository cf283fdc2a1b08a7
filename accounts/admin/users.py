"""Users, with what can be done about how they sign in."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import services
from accounts.exceptions import NeedsSomebodyElse
from accounts.flows import reset_factors
from tenants.admin.users import UserAdmin
from tenants.models import User

admin.site.unregister(User)


@admin.register(User)
class AccountAdmin(UserAdmin):
    actions = (*UserAdmin.actions, "end_all_sessions", "reset_second_factors")
    sensitive_actions: Collection[str] = (*UserAdmin.sensitive_actions, "reset_second_factors")

    @admin.action(description=_("End all sessions"))
    def end_all_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._each(request, queryset, services.end_all_sessions)

    @admin.action(description=_("Reset second factors (they must be the one who asks)"))
    def reset_second_factors(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """An administrator's wait for a second person to confirm it."""
        asked: list[str] = []

        def reset_or_ask(*, user: User, acting_user: User) -> None:
            try:
                reset_factors.reset(user=user, acting_user=acting_user)
            except NeedsSomebodyElse:
                reset_factors.ask(user=user, acting_user=acting_user)
                asked.append(str(user))

        self._each(request, queryset, reset_or_ask)
        for address in asked:
            text = _("%(address)s: another administrator, or an operator, has to confirm it.")
            self.message_user(request, text % {"address": address}, messages.INFO)
