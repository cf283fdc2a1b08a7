"""When a paid plan ends the organisation falls back to the free one, and nobody loses what that gives: whoever has no
unit of it yet is given one, before the end where it is known, and at the latest when it has come.

Who signs in gets one as well, so that nothing depends on a clock that may not have run.
"""

from __future__ import annotations

from contextlib import suppress

from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.services import record
from subscriptions import selectors
from subscriptions.giving import give_to_all
from subscriptions.ladder import LIVE, state_of
from subscriptions.models import FREE_PLAN, Subscription
from subscriptions.services import assign_unit, ensure_free_subscription
from tenants.models import Tenant, User


def give_free_units(*, tenant: Tenant, acting_user: User | None) -> int:
    """To all who lack one and may come back; how many. Within the transaction of what makes it needful."""
    if not selectors.has_people(tenant):
        return 0
    free = ensure_free_subscription(tenant=tenant, acting_user=acting_user)
    given = give_to_all(free, selectors.without_free_unit(free))
    if given:
        record(
            action="licences.given_to_all",
            subject=f"subscription:{free.pk}",
            tenant_id=tenant.pk,
            acting_user=acting_user,
            details={"plan": FREE_PLAN, "people": given},
        )
    return given


def fall_back(*, subscription: Subscription, acting_user: User | None) -> None:
    """`subscription` has ended, or is about to: unless the organisation has another one."""
    now = timezone.now()
    others = Subscription.objects.filter(tenant=subscription.tenant_id, plan__is_free=False)
    if not any(state_of(other, now) in LIVE for other in others.exclude(pk=subscription.pk)):
        give_free_units(tenant=subscription.tenant, acting_user=acting_user)


def give_free_unit_after_sign_in(user: User) -> None:
    """As the free plan is had by signing up: where the organisation lets people, or pays for more than that."""
    # Who signed up got theirs then.
    if user.creation_method == User.CreationMethod.EMAIL_VERIFIED or user.tenant is None:
        return
    may = user.tenant.allow_ad_hoc_subscriptions or selectors.has_had_paid(user.tenant)
    if may and not selectors.has_or_lost_free_unit(user):
        free = ensure_free_subscription(tenant=user.tenant, acting_user=user)
        # An open pool has no lock: of two who sign in at once as the same person, the other one has given it.
        with suppress(IntegrityError), transaction.atomic():
            assign_unit(subscription=free, user=user, acting_user=user)
