from __future__ import annotations

import time
import uuid
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import HttpRequest

from outbox.models import OutboxMail
from outbox.signals import complained
from signup import address_rules, left_behind
from signup.exceptions import LinkUnusable
from signup.flows import confirm, invite
from signup.flows.request import pause_mail
from signup.models import SignUp
from tenants.addresses import AddressRefused
from tenants.models import User
from tenants.signals import address_changed, domain_changed_hands, domain_wanted

ADDING_PLAN = "adding_plan"


@receiver(user_logged_in)
def add_the_plan_that_a_link_asked_for(
    sender: type[User], request: HttpRequest | None, user: User, **_: Any
) -> None:
    """Whoever pressed *Yes, that's me* for an account of theirs had to sign in first: now they have."""
    wanted, until = request.session.pop(ADDING_PLAN, ("", 0)) if request else ("", 0)
    if time.time() > until:
        return
    sign_up = SignUp.objects.filter(id=uuid.UUID(wanted)).first()
    if sign_up is None:
        return
    try:
        confirm.add_plan(sign_up=sign_up, user=user)
    except (LinkUnusable, AddressRefused):
        return


@receiver(domain_wanted)
def refuse_names_that_are_nobodys(domain_name: str, **_: Any) -> None:
    address_rules.refuse_unprovable(domain_name)


@receiver(domain_changed_hands)
def mark_whom_the_domain_left_behind(domain_name: str, **_: Any) -> None:
    left_behind.mark_of_domain(domain_name)


@receiver(complained)
def pause_mail_after_a_complaint(sender: type[OutboxMail], mail: OutboxMail, **_: Any) -> None:
    """Whoever reports our mail as unwanted says the same as *This was not me*."""
    pause_mail(address=mail.to_address)


@receiver(address_changed)
def invite_at_the_new_address(user: User, **_: Any) -> None:
    invite.send_to_new_address(user=user)
