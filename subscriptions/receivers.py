from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.utils.translation import gettext as _

from subscriptions.flows import fall_back, units
from subscriptions.models import Subscription
from tenants.models import Group, User
from tenants.signals import account_shut, group_looked_at


@receiver(user_logged_in)
def give_a_unit(sender: type[User], user: User, **_more: Any) -> None:
    fall_back.give_free_unit_after_sign_in(user)
    units.assign_after_sign_in(user)


@receiver(group_looked_at)
def say_whose_units_go(group: Group, **_more: Any) -> list[str]:
    said = _("%(plan)s: whoever has a unit as a member of this group loses it.")
    by_group = group.subscriptions.filter(assignment=Subscription.Assignment.GROUP)
    return [said % {"plan": one.plan.name} for one in by_group.select_related("plan")]


@receiver(account_shut)
def free_the_units(user: User, state: User.State, acting_user: User | None, **_more: Any) -> None:
    """Who may come back (disabled) keeps them; others get one again when they sign in, while units last."""
    if state in {User.State.DELETED, User.State.CLOSED}:
        units.free_units(user=user, acting_user=acting_user)
