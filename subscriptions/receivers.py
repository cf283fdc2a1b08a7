from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from subscriptions.flows import fall_back, units
from tenants.models import User
from tenants.signals import account_shut


@receiver(user_logged_in)
def give_a_unit(sender: type[User], user: User, **_: Any) -> None:
    fall_back.give_free_unit_after_sign_in(user)
    units.assign_after_sign_in(user)


@receiver(account_shut)
def free_the_units(user: User, state: User.State, acting_user: User | None, **_: Any) -> None:
    """Who may come back (disabled) keeps them; others get one again when they sign in, while units last."""
    if state in {User.State.DELETED, User.State.CLOSED}:
        units.free_units(user=user, acting_user=acting_user)
