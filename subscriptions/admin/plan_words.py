"""What the pages of plans say about what is asked for."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.flows import try_out
from subscriptions.flows.orders import Wanted
from subscriptions.models import Plan, Subscription


def order_title(plan: Plan, current: Subscription | None, *, decides: bool) -> str:
    if decides:
        text = _("Give %(plan)s") if current is None else _("Change or renew %(plan)s")
    else:
        text = _("Order %(plan)s") if current is None else _("Change or renew %(plan)s")
    return text % {"plan": plan.name}


def summary(wanted: Wanted) -> list[str]:
    lines = [units(wanted.units)]
    if wanted.months:
        text = ngettext("For %(count)d month.", "For %(count)d months.", wanted.months)
        lines.append(text % {"count": wanted.months})
    else:
        lines.append(_("The end stays as it is."))
    if wanted.instead_of:
        lines.append(
            _("%(plan)s becomes it; nobody loses a unit.") % {"plan": wanted.instead_of.name}
        )
    return lines


def units(number: int) -> str:
    return ngettext("%(count)d unit.", "%(count)d units.", number) % {"count": number}


def of_a_trial() -> tuple[str, ...]:
    days = try_out.days()
    text = ngettext(
        "It starts at once and ends after %(count)d day by itself.",
        "It starts at once and ends after %(count)d days by itself.",
        days,
    )
    units = try_out.most_units()
    most = ngettext(
        "At most %(count)d unit. Nothing is to be paid.",
        "At most %(count)d units. Nothing is to be paid.",
        units,
    )
    return (text % {"count": days}, most % {"count": units})


def placed() -> str:
    return _("The order is placed. You get a mail when whoever runs this service has decided.")
