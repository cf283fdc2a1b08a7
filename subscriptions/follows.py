"""What a change of plans means for the units of this room."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from subscriptions.following import Difference, Follower, register
from subscriptions.ladder import LIVE, state_of
from subscriptions.models import (
    AssignedLicence,
    EndWarning,
    Order,
    Subscription,
    UnitWait,
    UseOfDay,
    WithheldUnit,
)
from tenants.models import Tenant


def _consequences(tenant: Tenant, differences: list[Difference]) -> Iterator[str]:
    if not any(difference.after < difference.before for difference in differences):
        return
    now = timezone.now()
    paid = Subscription.objects.filter(tenant=tenant, plan__is_free=False)
    ended = [row.pk for row in paid if state_of(row, now) not in LIVE]
    kept = AssignedLicence.objects.filter(subscription__in=ended).values("user").distinct().count()
    if kept:
        sentence = ngettext(
            "%(people)d person keeps a unit of a plan that has ended: it gives what the free plan gives, and all of "
            "it again once the plan is renewed.",
            "%(people)d people keep a unit of a plan that has ended: it gives what the free plan gives, and all of "
            "it again once the plan is renewed.",
            kept,
        )
        yield sentence % {"people": kept}
    yield _("Reading protected files goes on for everybody, and nothing is deleted.")


register(
    Follower(
        "units",
        (Subscription, AssignedLicence, UnitWait, WithheldUnit, EndWarning, UseOfDay, Order),
        _consequences,
    )
)
