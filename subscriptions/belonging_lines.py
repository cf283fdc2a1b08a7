"""What the preview of a takeover says about subscriptions and units; the rules are in belongings.py."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from subscriptions.merging import Meeting, meeting_of
from subscriptions.models import Subscription
from tenants.models import Tenant
from tenants.takeover.registry import Line, Plan

MEETINGS = {
    Meeting.ADDED: gettext_lazy(
        "Both organisations have %(plan)s: yours stays, with its dates, and gets the %(bought)s units of the "
        "other, of which %(units)s are assigned."
    ),
    Meeting.TRIAL: gettext_lazy(
        "Both organisations have %(plan)s: yours stays. The other is on trial, which adds no units: the %(units)s "
        "people who have one get what you have left."
    ),
    Meeting.OVER: gettext_lazy(
        "Both organisations have %(plan)s: yours stays. The other has ended, and adds no units."
    ),
    Meeting.INSTEAD: gettext_lazy(
        "Both organisations have %(plan)s. Yours has ended, so the other goes along in its place: %(bought)s units, "
        "%(units)s assigned."
    ),
}


def lines_of(plan: Plan) -> list[Line]:
    live = Subscription.objects.select_related("plan").filter(
        tenant=plan.source, cancelled_at__isnull=True
    )
    return [line for subscription in live for line in _lines(plan, subscription)]


def _lines(plan: Plan, subscription: Subscription) -> Iterator[Line]:
    units = subscription.assigned_licences.filter(user__in=plan.people).count()
    words = {"plan": subscription.plan, "units": units, "bought": subscription.units}
    if subscription.units is None:
        text = ngettext(
            "%(plan)s: %(units)s assigned unit goes along.",
            "%(plan)s: %(units)s assigned units go along.",
            units,
        )
        yield Line("units", units, text % words)
    elif not plan.is_whole:
        text = ngettext(
            "%(plan)s stays with the organisation that bought it: %(units)s unit is freed.",
            "%(plan)s stays with the organisation that bought it: %(units)s units are freed.",
            units,
        )
        yield Line("units", units, text % words, collides=True)
    elif taker := _taker_has(plan.target, subscription):
        text = str(MEETINGS[meeting_of(subscription, taker, timezone.now())])
        yield Line("subscription", units, text % words, collides=True, tells_of_target=True)
    else:
        text = ngettext(
            "The subscription to %(plan)s goes along: %(bought)s unit, %(units)s assigned.",
            "The subscription to %(plan)s goes along: %(bought)s units, %(units)s assigned.",
            subscription.units,
        )
        yield Line("subscription", units, text % words)


def _taker_has(tenant: Tenant, subscription: Subscription) -> Subscription | None:
    same = Subscription.objects.filter(tenant=tenant, plan=subscription.plan)
    return same.filter(cancelled_at__isnull=True).first()
