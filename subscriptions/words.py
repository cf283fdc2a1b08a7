"""The state of a subscription as a sentence: what is, until when, and what comes then."""

from __future__ import annotations

import datetime as dt

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from subscriptions.ladder import SubscriptionState, end_of, live_until, state_of
from subscriptions.models import Subscription


def sentence(subscription: Subscription, now: dt.datetime) -> str:
    dates = {"end": last_day(end_of(subscription)), "last": last_day(live_until(subscription))}
    match state_of(subscription, now):
        case SubscriptionState.TRIAL:
            text = (
                _("On trial until %(end)s, then bought.")
                if subscription.ends_at
                else _("On trial until %(end)s. Order it to go on; until %(last)s all of it works.")
            )
        case SubscriptionState.ACTIVE:
            text = _active(subscription)
        case SubscriptionState.GRACE:
            text = _("It ended on %(end)s. All of it works until %(last)s; order it to go on.")
        case SubscriptionState.SUSPENDED:
            text = _("It ended on %(end)s, and works no more. Order it to have it back.")
        case _other:
            text = _("Cancelled.")
    return text % dates


def _active(subscription: Subscription) -> str:
    if subscription.cancels_at_end:
        return _("Active until %(end)s, and cancelled then.")
    return _("Active until %(end)s.") if subscription.ends_at else _("Active, without end.")


def last_day(end: dt.datetime | None) -> str:
    """An end at midnight is that of the day before."""
    return date_format(localtime(end - dt.timedelta(seconds=1)), "DATE_FORMAT") if end else ""
