from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

from subscriptions import services
from tenants.models import User


@receiver(user_logged_in)
def give_a_unit(sender: type[User], user: User, **_: Any) -> None:
    services.assign_after_sign_in(user)
