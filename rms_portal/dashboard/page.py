"""The dashboard as its template shows it: tiles, plots, and what needs attention."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from audit import scope
from audit.scoped_admin import ScopedAdmin
from rms_portal.dashboard import keeping
from rms_portal.dashboard.attention import Notice, notices
from rms_portal.dashboard.plots import Plot, bars
from rms_portal.models import Tally
from signup.models import SignUp
from tenants.models import Domain

MOST_WAITING = 10_000


@dataclass(frozen=True, slots=True)
class Tile:
    label: str
    number: int
    address: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Linked:
    notice: Notice
    address: str


def context(request: HttpRequest, site: admin.AdminSite) -> dict[str, Any]:
    """For whoever may enter the administration."""
    seen = scope.of(request)
    tenant_id = None if seen.is_everything else seen.tenant_id
    now, tally = timezone.now(), keeping.tally(tenant_id)
    pages = Pages(request, site)
    found = {
        "of_many": tenant_id is None,
        "notices": [
            Linked(notice, pages.list_of(notice.page, notice.filters))
            for notice in notices(tenant_id, now)
        ],
    }
    return found | (_counted(tally, pages, tenant_id) if tally else {"is_waited_for": True})


def _counted(tally: Tally, pages: Pages, tenant_id: uuid.UUID | None) -> dict[str, Any]:
    return {
        "counted_at": tally.counted_at,
        "is_empty": tally.numbers["accounts"]["all"] == 0,
        "tiles": list(_tiles(tally.numbers, pages, tenant_id)),
        "plots": _plots(tally.numbers),
        "plans": tally.numbers["plans"],
    }


def mark(request: HttpRequest) -> str:
    """Another one once something was counted that was not there before."""
    tally = keeping.newest(scope.of(request).tenant_id)
    return tally.counted_at.isoformat() if tally else ""


@dataclass(frozen=True, slots=True)
class Pages:
    """The lists that are open to whoever asks."""

    request: HttpRequest
    site: admin.AdminSite

    def list_of(self, model_name: str, filters: str = "") -> str:
        """The address of a list, or nothing where it is not open."""
        for model, page in self.site._registry.items():
            if model._meta.label_lower == model_name and isinstance(page, ScopedAdmin):
                if not page.is_open_to(self.request):
                    return ""
                name = model_name.replace(".", "_")
                address = reverse(f"admin:{name}_changelist")
                return f"{address}?{filters}" if filters else address
        return ""


def _tiles(numbers: dict[str, Any], pages: Pages, tenant_id: uuid.UUID | None) -> list[Tile]:
    accounts, users = numbers["accounts"], "tenants.user"
    tiles = [
        Tile(_("Active accounts"), accounts["active"], pages.list_of(users, "state__exact=active")),
        Tile(_("Signed in, last 7 days"), accounts["signed_in_week"]),
        Tile(_("Signed in, last 30 days"), accounts["signed_in_month"]),
        Tile(_("Disabled"), accounts["disabled"], pages.list_of(users, "state__exact=disabled")),
        Tile(_("Deleted"), accounts["deleted"], pages.list_of(users, "state__exact=deleted")),
        Tile(
            _("Sign-ups that wait for their mailbox"),
            _waiting(tenant_id),
            pages.list_of("signup.signup", "state__exact=pending"),
        ),
        Tile(
            _("Administrators"),
            accounts["administrators"],
            pages.list_of(users, "role__exact=administrator"),
        ),
    ]
    for state, label in (
        ("managed", _("Organisations with an administrator")),
        ("unmanaged", _("Organisations that nobody administers")),
    ):
        if "organisations" in numbers:
            address = pages.list_of("tenants.tenant", f"state__exact={state}")
            tiles.append(Tile(label, numbers["organisations"][state], address))
    return tiles


def _waiting(tenant_id: uuid.UUID | None) -> int:
    """Those that are not answered by a press yet, as of now."""
    pending: QuerySet[SignUp] = SignUp.objects.filter(state=SignUp.State.PENDING)
    if tenant_id:
        names = Domain.objects.filter(tenant=tenant_id).values_list("name", flat=True)
        pending = pending.filter(domain__in=list(names))
    return pending.order_by()[:MOST_WAITING].count()


@dataclass(frozen=True, slots=True)
class Shown:
    name: str
    title: str
    plot: Plot
    # With labels in full, for the table.
    rows: Sequence[tuple[str, int]]


def _plots(numbers: dict[str, Any]) -> list[Shown]:
    days, months = numbers["by_day"], numbers["by_month"]
    return [
        _shown("by-day", _("Sign-ups by day, the last 30 days"), days, "MONTH_DAY_FORMAT"),
        _shown("by-month", _("Sign-ups by month, the last 12 months"), months, "YEAR_MONTH_FORMAT"),
    ]


def _shown(name: str, title: str, values: Sequence[tuple[str, int]], form: str) -> Shown:
    dated = [(dt.date.fromisoformat(day), number) for day, number in values]
    short = "j M" if form == "MONTH_DAY_FORMAT" else "M y"
    return Shown(
        name,
        title,
        bars([(date_format(day, short), number) for day, number in dated]),
        [(date_format(day, form), number) for day, number in dated],
    )
