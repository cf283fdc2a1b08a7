"""How units of a subscription find their users: to whoever signs in, to members of groups, or by hand."""

from __future__ import annotations

from collections.abc import Collection
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from audit.services import gathered
from subscriptions import selectors
from subscriptions.exceptions import GroupsRequired
from subscriptions.flows.units import serve_waiting
from subscriptions.ladder import LIVE, state_of
from subscriptions.models import AssignedLicence, Plan, Subscription, UnitWait
from subscriptions.services import give, locked, record_change, take, units_left
from tenants import access
from tenants.group_selectors import active_members_of
from tenants.models import Group, Tenant, User

How = AssignedLicence.How
Assignment = Subscription.Assignment


@transaction.atomic
def set_assignment(
    *,
    tenant: Tenant,
    plan: Plan,
    assignment: Subscription.Assignment,
    groups: Collection[Group],
    acting_user: User | None,
) -> Subscription:
    """Raises NotAllowed, NotSubscribed, or GroupsRequired where groups and policy do not fit together.

    Units that are assigned stay; by group, members get theirs at once. Who waits by another policy waits no more.
    """
    access.require_governs(acting_user, tenant)
    is_by_group = assignment == Assignment.GROUP
    if is_by_group != bool(groups) or any(group.tenant_id != tenant.pk for group in groups):
        raise GroupsRequired
    subscription = locked(selectors.live_subscription(tenant, plan, timezone.now()))
    subscription.assignment = assignment
    subscription.save(update_fields=("assignment",))
    subscription.groups.set(groups)
    _leave_line(subscription)
    record_change(
        "subscription.assignment_changed",
        subscription,
        acting_user=acting_user,
        assignment=assignment.value,
        groups=sorted(str(group.pk) for group in groups),
    )
    if is_by_group:
        follow_groups(subscription=subscription, acting_user=acting_user)
    return subscription


def _leave_line(subscription: Subscription) -> None:
    """Of who waits, those stay that the policy of now would give a unit, or that somebody put there by hand."""
    waits = subscription.waits.exclude(how=How.HAND)
    match subscription.assignment:
        case Assignment.AUTOMATIC:
            waits.update(how=How.AUTOMATIC)
        case Assignment.GROUP:
            waits.filter(user__in=_members(subscription)).update(how=How.GROUP)
            waits.exclude(how=How.GROUP).delete()
        case _:
            waits.delete()


@transaction.atomic
def follow_groups(*, subscription: Subscription, acting_user: User | None) -> None:
    """Takes the units of those who left the groups, and gives one to each member who has signed in before."""
    subscription = locked(subscription)
    members = _members(subscription)
    with gathered():
        # Who is disabled may come back, and keeps it until then.
        gone = subscription.assigned_licences.filter(how=How.GROUP, user__state=User.State.ACTIVE)
        gone = gone.exclude(user__in=members)
        for assigned in gone.select_related("user", "subscription"):
            take(assigned=assigned, acting_user=acting_user)
        subscription.waits.filter(how=How.GROUP).exclude(user__in=members).delete()
    serve_waiting(subscription=subscription, acting_user=acting_user)
    _welcome(subscription, members, acting_user)


def _welcome(subscription: Subscription, members: QuerySet[User], acting_user: User | None) -> None:
    new = (
        members.filter(last_login__isnull=False)
        .exclude(assigned_licences__subscription=subscription)
        .exclude(withheld_units__subscription=subscription)
        .exclude(unit_waits__subscription=subscription)
        .order_by("created_at", "pk")
    )
    left = units_left(subscription)
    served, waiting = list(new[:left]), list(new[left:]) if left is not None else []
    with gathered():
        for user in served:
            give(subscription=subscription, user=user, acting_user=acting_user, how=How.GROUP)
    UnitWait.objects.bulk_create(
        UnitWait(subscription=subscription, user=user, how=How.GROUP) for user in waiting
    )


def _members(subscription: Subscription) -> QuerySet[User]:
    """Of all its groups, however deep; each once."""
    groups = subscription.groups.all()
    inside = reduce(or_, (Q(pk__in=active_members_of(group)) for group in groups), Q(pk__in=[]))
    return User.objects.filter(inside)


def follow_all_groups() -> None:
    now = timezone.now()
    for subscription in Subscription.objects.filter(assignment=Assignment.GROUP):
        if state_of(subscription, now) in LIVE:
            follow_groups(subscription=subscription, acting_user=None)
