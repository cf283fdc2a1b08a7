"""Mails about plans: to who waited for a unit, and to administrators before a plan ends."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from outbox.content import Button, MailContent, writes
from outbox.models import OutboxMail
from subscriptions.ladder import GRACE
from subscriptions.models import Plan


@writes("subscriptions.unit_free")
def unit_free(mail: OutboxMail) -> MailContent:
    plan = {"plan": _plan_name(mail), "product": settings.PRODUCT_NAME}
    return MailContent(
        subject=_("You have %(plan)s now") % plan,
        heading=_("A unit has become free for you"),
        paragraphs=[
            _("You waited for a unit of %(plan)s. One is free now, and it is yours.") % plan,
            _("You need not do anything: what the plan offers works from now on."),
        ],
        button=_portal(),
    )


@writes("subscriptions.ends_soon")
def ends_soon(mail: OutboxMail) -> MailContent:
    ends_at = dt.datetime.fromisoformat(str(mail.context["ends_at"]))
    days = int(str(mail.context["days"]))
    about = {
        "plan": _plan_name(mail),
        "organisation": mail.context["organisation"],
        "date": _date(ends_at),
        "days": days,
        "last": _date(ends_at + GRACE),
    }
    return MailContent(
        subject=ngettext("%(plan)s ends in %(days)d day", "%(plan)s ends in %(days)d days", days)
        % about,
        heading=_("%(plan)s ends soon") % about,
        paragraphs=[
            _("The plan of %(organisation)s ends on %(date)s.") % about,
            _consequence(mail) % about,
        ],
        after=[
            _("Reading protected files never stops, and nothing is deleted."),
            _("To go on, ask whoever runs this service to renew the plan.")
            if not settings.SUPPORT_EMAIL
            else _("To go on, write to %(support)s.") % {"support": settings.SUPPORT_EMAIL},
        ],
        button=_portal(),
    )


@writes("subscriptions.order_confirmed")
def order_confirmed(mail: OutboxMail) -> MailContent:
    about = {"plan": _plan_name(mail), "units": mail.context["units"]}
    return MailContent(
        subject=_("Your order of %(plan)s is confirmed") % about,
        heading=_("Your order is confirmed"),
        paragraphs=[
            ngettext(
                "Your organisation has %(plan)s with %(units)s unit now.",
                "Your organisation has %(plan)s with %(units)s units now.",
                int(mail.context["units"]),
            )
            % about,
            _("Nobody has to do anything: what the plan offers works from now on."),
        ],
        button=_portal(),
    )


@writes("subscriptions.order_refused")
def order_refused(mail: OutboxMail) -> MailContent:
    about = {"plan": _plan_name(mail)}
    return MailContent(
        subject=_("Your order of %(plan)s was refused") % about,
        heading=_("Your order was refused"),
        paragraphs=[
            _("Whoever runs this service did not confirm your order of %(plan)s.") % about,
            _("Nothing has changed: your organisation has the plans that it had."),
        ],
        after=[
            _("To know why, ask whoever runs this service.")
            if not settings.SUPPORT_EMAIL
            else _("To know why, write to %(support)s.") % {"support": settings.SUPPORT_EMAIL}
        ],
        button=_portal(),
    )


def _consequence(mail: OutboxMail) -> str:
    if mail.context["cancels_at_end"]:
        return _("It was cancelled: from then on, your organisation has the free plan.")
    return _("All of it works until %(last)s; from then on, your organisation has the free plan.")


def _plan_name(mail: OutboxMail) -> str:
    plan = Plan.objects.filter(sku=mail.context["plan"]).first()
    return plan.name if plan else str(mail.context["plan"])


def _date(end: dt.datetime) -> str:
    """The last day: an end at midnight is that of the day before."""
    return date_format(localtime(end - dt.timedelta(seconds=1)), "DATE_FORMAT")


def _portal() -> Button:
    return Button(_("Open %(product)s") % {"product": settings.PRODUCT_NAME}, settings.PUBLIC_URL)
