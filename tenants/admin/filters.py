"""Filters of lists that are not the values of a field."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.models import User


class LastSignInFilter(admin.SimpleListFilter):
    """In ranges, which an index answers."""

    title = _("last sign-in")
    parameter_name = "last_sign_in"
    ranges: tuple[tuple[str, str | Promise], ...] = (
        ("1", _("in the last 24 hours")),
        ("7", _("in the last 7 days")),
        ("30", _("in the last 30 days")),
        ("over-30", _("longer than 30 days ago")),
        ("over-90", _("longer than 90 days ago")),
        ("never", _("never")),
    )

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [(value, str(words)) for value, words in self.ranges]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        chosen = self.value()
        return queryset.filter(self._asked(chosen)) if chosen in dict(self.ranges) else queryset

    @staticmethod
    def _asked(chosen: str | None) -> Q:
        if chosen == "never":
            return Q(last_login__isnull=True)
        days = str(chosen).removeprefix("over-")
        since = timezone.now() - dt.timedelta(days=int(days))
        return Q(last_login__lt=since) if days != chosen else Q(last_login__gte=since)
